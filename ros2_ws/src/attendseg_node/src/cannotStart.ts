import { errorText } from './errorText.js';

/**
 * For an import() that fails, as where onnxruntime-node lacks a library. Ends the program at once: Node.js throws such
 * an error again, with a stack.
 */
export function cannotStart(error: unknown): never {
  console.error(`attendseg: cannot start: ${errorText(error)}; attendseg doctor says more`);
  process.exit(1);
}
