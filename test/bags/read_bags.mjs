// Reads bags: JSON of [{ path, topics?, from?, until?, killed? }] in, JSON of topics, messages and problems, or of the error, out.
// With `killed: true` this process is killed at the first message.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openBag } from '../../dist/recording/openBag.js';

async function read({ path, topics, from, until, killed }) {
  const bag = await openBag(path);
  try {
    const messages = [];
    const selection = {
      ...(topics && { topics }),
      ...(from && { from: BigInt(from) }),
      ...(until && { until: BigInt(until) }),
    };
    for await (const { topic, time, data, where } of bag.messages(selection)) {
      if (killed) process.kill(process.pid, 'SIGKILL');
      const sha256 = createHash('sha256').update(data).digest('hex');
      messages.push({ topic: topic.name, time: String(time), sha256, where });
    }
    const span = bag.span && [String(bag.span.start), String(bag.span.end)];
    return { topics: bag.topics, span, messages, problems: bag.problems };
  } finally {
    await bag.close();
  }
}

const answers = [];
for (const bag of JSON.parse(readFileSync(0, 'utf8'))) {
  answers.push(await read(bag).catch(({ name, message }) => ({ error: name, message })));
}
process.stdout.write(JSON.stringify(answers));
