// The npm package as it is installed, with one change: the address, which it holds as a constant.
const fs = require("fs");

const file = require.resolve("perspective-api-client");
const original = "https://commentanalyzer.googleapis.com/v1alpha1/comments:analyze";
const source = fs.readFileSync(file, "utf8");
if (!source.includes(original)) throw new Error("the package holds another address than expected");
fs.writeFileSync(file, source.replace(original, `${process.argv[2]}/v1alpha1/comments:analyze`));

const Perspective = require("perspective-api-client");
const client = new Perspective({ apiKey: process.argv[3] });

(async () => {
  const plain = await client.analyze("you <b>stupid</b> idiot");
  const several = await client.analyze("you idiot", { attributes: ["insult", "threat"] });
  const whole = await client.analyze({
    comment: { text: "you idiot \u{1F600}! nice photo" },
    languages: ["en"],
    requestedAttributes: { TOXICITY: { scoreThreshold: 0 } },
    spanAnnotations: true,
  });
  const text = "you idiot \u{1F600}! nice photo";
  const spans = whole.attributeScores.TOXICITY.spanScores.map((span) => text.slice(span.begin, span.end));
  const refused = await client.analyze("a", { attributes: ["spam"] }).catch((error) => ({
    name: error.name,
    message: error.message,
    type: error.response.data.error.details[0].errorType,
  }));
  console.log(JSON.stringify({ plain, several, spans, refused }));
})();
