// What `google.discoverAPI` of the package googleapis does, which holds nothing else that matters here.
const { Discovery } = require("googleapis-common");

(async () => {
  const make = await new Discovery({}).discoverAPI(`${process.argv[2]}/$discovery/rest?version=v1alpha1`);
  const client = make({});
  const key = process.argv[3];
  const resource = { comment: { text: "you stupid idiot" }, requestedAttributes: { TOXICITY: {} } };
  const analyzed = (await client.comments.analyze({ key, resource })).data;
  const suggestion = {
    comment: { text: "you stupid idiot" },
    attributeScores: { TOXICITY: { summaryScore: { value: 1 } } },
    clientToken: "comment:7",
  };
  const suggested = (await client.comments.suggestscore({ key, resource: suggestion })).data;
  const refused = await client.comments
    .analyze({ key, resource: { comment: { text: "" }, requestedAttributes: { TOXICITY: {} } } })
    .catch((error) => error.response.data.error.details[0].errorType);
  console.log(JSON.stringify({ analyzed, suggested, refused }));
})();
