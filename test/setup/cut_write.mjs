// Loaded with --import: the process is killed in the middle of writing a file whose path has $CUT in it.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

function cut(write, path, data) {
  if (!path.includes(process.env.CUT)) return;
  const bytes = Buffer.from(data);
  write(bytes.subarray(0, bytes.length >> 1));
  process.kill(process.pid, 'SIGKILL');
  for (;;); // the signal is on its way
}

const { writeSync, writeFileSync } = fs;
fs.writeSync = (fd, data, ...rest) => {
  cut((half) => writeSync(fd, half), fs.readlinkSync(`/proc/self/fd/${fd}`), data);
  return writeSync(fd, data, ...rest);
};
fs.writeFileSync = (path, data, ...rest) => {
  cut((half) => writeFileSync(path, half), String(path), data);
  writeFileSync(path, data, ...rest);
};
fs.promises.writeFile = (path, data, ...rest) => Promise.resolve(fs.writeFileSync(path, data, ...rest));
syncBuiltinESMExports();
