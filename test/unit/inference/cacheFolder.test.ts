import { expect, test } from '@jest/globals';
import { othersMayReplace } from '#inference/engine/cacheFolder.js';

test.each([
  ['the user alone', 0o755, 1000, 1000, false],
  ["the user's own group, Ubuntu's default", 0o775, 1000, 1000, false],
  ['another group', 0o775, 50, 1000, true],
  ["root's group, which may have members", 0o775, 0, 0, true],
  ['anybody', 0o777, 1000, 1000, true],
  ['anybody but for a sticky bit, as /tmp', 0o1777, 0, 1000, false],
  ['a group but for a sticky bit', 0o1775, 50, 1000, false],
])('what is in a folder may be replaced by %s', (_, mode, gid, user, answer) => {
  expect(othersMayReplace({ gid, mode }, user)).toBe(answer);
});
