// Coral's side of it, written after its source: how it builds the address and the body, what it reads.
const path = require("path");

const [address, key, text] = process.argv.slice(2);
const tenant = { url: "https://news.example", endpoint: `${address}/v1alpha1`, model: "TOXICITY", threshold: 0.8 };

async function send(operation, body) {
  const url = new URL(tenant.endpoint.trim());
  url.pathname = path.join(url.pathname, `/${operation}`);
  url.searchParams.set("key", key.trim());
  const response = await fetch(url.toString(), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10000),
  });
  return { ok: response.ok, status: response.status, data: response.ok ? await response.json() : null };
}

function analyze(language) {
  return send("comments:analyze", {
    comment: { text },
    doNotStore: true,
    requestedAttributes: { [tenant.model]: {} },
    languages: [language],
  });
}

function suggest(id, status) {
  return send("comments:suggestscore", {
    comment: { text },
    context: {
      entries: [
        {
          text: JSON.stringify({
            url: `https://news.example/story?commentID=${id}`,
            reply_to_id_Coral_comment_id: undefined,
            Coral_comment_id: id,
          }),
        },
      ],
    },
    attributeScores: { [tenant.model]: { summaryScore: { value: status === "APPROVED" ? 0 : 1 } } },
    languages: ["en"],
    communityId: `Coral:${tenant.url}`,
    clientToken: `comment:${id}`,
  });
}

(async () => {
  const result = await analyze("en");
  const score = result.data.attributeScores[tenant.model].summaryScore.value;
  const spanish = await analyze("es");
  const approved = await suggest("c-1", "APPROVED");
  const rejected = await suggest("c-2", "DELETED");
  console.log(
    JSON.stringify({
      score,
      toxic: score > tenant.threshold,
      spanish: spanish.status,
      tokens: [approved.data.clientToken, rejected.data.clientToken],
    })
  );
})();
