/** A process of its own for the doctor: prints what onnxruntime-node knows to run networks on, if it can be loaded. */
import { listSupportedBackends } from 'onnxruntime-node';

console.log(JSON.stringify(listSupportedBackends()));
