"""Stands in for trtexec: its options, its log and its exit codes, as TensorRT 10.3, 10.16 and 11 are documented.

Its first argument is a JSON object (see `Trtexec` in bench.py), the others are trtexec's.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

KNOWN = ("onnx", "saveEngine", "memPoolSize", "timingCacheFile", "skipInference", "profilingVerbosity")
KNOWN += ("exportLayerInfo", "int8", "fp16", "help")


def log(line: str, kind: str = "I") -> None:
    print(f"[11/26/2026-10:00:00] [{kind}] {line}", flush=True)


def layer(name: str, kind: str, datatype: str, weights: str | None) -> dict[str, object]:
    tensor = {"Name": "x", "Location": "Device", "Dimensions": [1, 8, 4, 4], "Format/Datatype": datatype}
    found: dict[str, object] = {"Name": name, "LayerType": kind, "Inputs": [tensor], "Outputs": [tensor]}
    if weights is not None:
        found |= {"ParameterType": "Convolution", "Weights": {"Type": weights, "Count": 64}}
    return found


LAYERS = [
    layer("Reformatting CopyNode", "Reformat", "Row major Int8 format", None),
    layer("conv0", "CaskConvolution", "Thirty-two wide channel vectorized row major Int8 format", "Int8"),
    layer("conv1 + relu", "CaskGemmConvolution", "Row major Int8 format", "Int8"),
    layer("head", "CaskConvolution", "Channel major FP16 format where channel % 8 == 0", "Half"),
]


def main() -> int:
    settings, arguments = json.loads(sys.argv[1]), sys.argv[2:]
    code, mode = settings["code"], settings["mode"]
    title = f"TensorRT.trtexec [TensorRT v{code}] # trtexec {' '.join(arguments)}"
    if mode == "garbage":
        sys.stdout.buffer.write(b"\x1b[2J\xff\xfe no trtexec\n")
        return 0
    print(f"&&&& RUNNING {title}", flush=True)
    if "--help" in arguments:
        print("=== Model Options ===\n  --onnx=<file>")
        return 0
    options = dict(argument.removeprefix("--").partition("=")[::2] for argument in arguments)
    for name in options:
        if name not in KNOWN or (code >= 110000 and name in ("int8", "fp16")):
            log(f"Unknown option: --{name} ", "E")
            print(f"&&&& FAILED {title}", flush=True)
            return 1
    if code >= 101200:
        log("--int8 flag has been deprecated. Use strongly typed mode.", "W")
    with Path(settings["calls"]).open("a", encoding="utf-8") as calls:
        calls.write(json.dumps([str(Path.cwd()), arguments]) + "\n")
    log("=== Device Information ===")
    log("Available Devices: ")
    log('  Device 0: "Orin" UUID: GPU-f5507ee1')
    log("Selected Device: Orin")
    log("Selected Device ID: 0")
    if mode != "no device":
        log("Compute Capability: 8.7")
        log(f"SMs: {settings['sms']}")
    log("Device Global Memory: 15536 MiB")
    log(f"TensorRT version: {code // 10000}.{code // 100 % 100}.{code % 100}")
    log("Start parsing network model.")
    if not Path(options["onnx"]).is_file():
        log("Could not open file", "E")
        print(f"&&&& FAILED {title}", flush=True)
        return 1
    log("Finished parsing network model. Parse time: 0.01")
    log("[TRT] Local timing cache in use. Profiling results in this builder pass will not be stored.")
    if mode == "failure":
        log("Error[10]: Could not find any implementation for node conv0.\x1b[2J", "E")
        log("Engine could not be created from network", "E")
        log("Building engine failed", "E")
        print(f"&&&& FAILED {title}", flush=True)
        return 1
    if mode == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    until = time.monotonic() + settings["seconds"]
    while time.monotonic() < until:
        time.sleep(0.05)
        log("[TRT] still timing")
    log("[TRT] Engine generation completed in 1.0 seconds.")
    if mode != "nothing":
        Path(options["saveEngine"]).write_bytes(b"engine" * 1000)
    Path(options["timingCacheFile"]).write_bytes(b"timings")
    log("Engine built in 1.2 sec.")
    if mode == "false pass":
        log("Error[6]: IRuntime::deserializeCudaEngine: incompatible plan", "E")
    Path(options["exportLayerInfo"]).write_text(json.dumps({"Layers": LAYERS, "Bindings": ["x"]}), encoding="utf-8")
    log("Skipped inference phase since --skipInference is added.")
    print(f"&&&& PASSED {title}", flush=True)
    return 0


sys.exit(main())
