// Two requests by fetch, which keeps connections: `client.mjs URL PAUSE METHOD`.
const [url, pause, method] = process.argv.slice(2);
for (const [number, way] of ["GET", method].entries()) {
  if (number) await new Promise((done) => setTimeout(done, 1000 * Number(pause)));
  try {
    const body = way === "POST" ? "x".repeat(1_000_000) : undefined;
    const answer = await fetch(url, { method: way, body, signal: AbortSignal.timeout(8000) });
    await answer.text();
    console.log("ok", answer.status);
  } catch (error) {
    console.log("error", `${error.message}: ${error.cause?.code ?? ""} ${error.cause?.message ?? ""}`);
  }
}
