"""Overrides from files and the command line, against rclpy: each combination is given to both."""

from __future__ import annotations

import json
import math
import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node

RUNNER = Path(__file__).with_name("read_overrides.mjs")
OWN = {"use_sim_time", "start_type_description_service"}


@dataclass(frozen=True)
class Case:
    """ROS arguments; `@0` and so on stand for the files."""

    arguments: tuple[str, ...]
    files: tuple[str, ...] = ()


def key(name: str, value: str = "1", parameter: str = "a") -> str:
    return f'"{name}":\n  ros__parameters:\n    {parameter}: {value}\n'


def tagged(value: Any) -> Any:
    """A value with its type, as the runner writes it."""
    if isinstance(value, bool | str):
        return ["boolean" if isinstance(value, bool) else "string", value]
    if isinstance(value, int):
        return ["integer", str(value)]
    if isinstance(value, float):
        special = {math.inf: "Infinity", -math.inf: "-Infinity"}
        if math.isnan(value):
            return ["double", "NaN"]
        return ["double", special.get(value, float(value))]
    return [tagged(item) for item in value]


def as_number(value: Any) -> Any:
    """The runner's doubles as numbers: languages write them differently."""
    if isinstance(value, list) and len(value) == 2 and value[0] == "double" and value[1] not in SPECIAL:
        return ["double", float(value[1])]
    return [as_number(item) for item in value] if isinstance(value, list) else value


SPECIAL = {"Infinity", "-Infinity", "NaN"}


def ask_rclpy(argv: list[str]) -> tuple[str, str, dict[str, Any] | None]:
    """Name, namespace and overrides of a node with these arguments; None where rclpy refuses them."""
    context = Context()
    try:
        rclpy.init(args=argv, context=context)
        try:
            node = Node(
                "attendseg",
                context=context,
                automatically_declare_parameters_from_overrides=True,
                start_parameter_services=False,
                enable_rosout=False,
            )
            names = [name for name in node._parameters if name not in OWN]
            values = {name: tagged(node.get_parameter(name).value) for name in names}
            answer = node.get_name(), node.get_namespace(), values
            node.destroy_node()
        finally:
            rclpy.shutdown(context=context)
    except Exception:
        return "attendseg", "/", None
    return answer


def compare(cases: Sequence[Case], folder: Path, *, may_refuse: bool = False) -> list[dict[str, Any]]:
    """Asserts that both agree on every case, or, where we may, that we refuse it by its name; our answers."""
    expected = []
    questions = []
    for number, case in enumerate(cases):
        argv = list(case.arguments)
        for i, text in enumerate(case.files):
            path = folder / f"case{number}-{i}.yaml"
            path.write_text(text, encoding="utf-8")
            argv = [word.replace(f"@{i}", str(path)) for word in argv]
        name, namespace, values = ask_rclpy(argv)
        expected.append(values)
        questions.append({"argv": argv, "name": name, "namespace": namespace})
    run = subprocess.run(["node", RUNNER], input=json.dumps(questions), capture_output=True, text=True, check=True)
    answers = json.loads(run.stdout)
    wrong = []
    for case, theirs, ours in zip(cases, expected, answers, strict=True):
        if may_refuse and "error" in ours and ("a:=" in ours["error"] or "line 3: a" in ours["error"]):
            continue
        got = {name: as_number(value) for name, value in ours["values"].items()} if "values" in ours else None
        if got is None or theirs is None:
            if got != theirs:
                wrong.append(f"{case}\n  rcl:  {theirs}\n  ours: {ours}")
            continue
        differ = {name: (theirs.get(name), got.get(name)) for name in theirs | got if theirs.get(name) != got.get(name)}
        if differ:
            wrong.append(f"{case}\n  rcl and ours: {differ}")
    assert not wrong, f"{len(wrong)} of {len(cases)} differ:\n" + "\n".join(wrong)
    return answers


ROS = "--ros-args"
FRONT = (ROS, "-r", "__ns:=/robot/front")
FILE = ("--params-file", "@0")
BOTH = (*FILE, "--params-file", "@1")
FULL = "/robot/front/attendseg"


def nested(*names: str) -> str:
    lines = [f"{'  ' * depth}{name}:" for depth, name in enumerate(names)]
    return "\n".join(lines) + f"\n{'  ' * len(names)}ros__parameters: {{a: 1}}\n"


KEYS_IN_FRONT = """
/** ** /robot/front/attendseg robot/front/attendseg attendseg /attendseg /**/attendseg /robot/*/attendseg /*/*/attendseg
/*/*/* */*/* /*/* /robot/** /robot/**/attendseg /robot/front/**/attendseg /robot/front/* /robot/front/attendseg/**
/**/front/** /**/**/attendseg /robot/* /* * /robot/back/attendseg /robot/front/attendseg2 /Robot/front/attendseg /atten*
/*** /a** /robot/fr*t/attendseg / /robot/front/attendseg/ //attendseg /robot//front /1x /x-y /attendse. /~/attendseg
"""
KEYS_AT_THE_ROOT = "attendseg /attendseg /**/attendseg * /* ** /*/* /**/* /other"
KEYS = [Case((*FRONT, *FILE), (key(name),)) for name in [*KEYS_IN_FRONT.split(), "/x y"]]
KEYS += [Case((ROS, *FILE), (key(name),)) for name in KEYS_AT_THE_ROOT.split()]
NESTED = [
    Case((*FRONT, *FILE), (text,))
    for text in [
        nested("robot", "front", "attendseg"),
        nested("/robot", "front", "attendseg"),
        nested("/robot/front", "attendseg"),
        nested("/robot/front/", "attendseg"),
        nested("/robot", "/front", "attendseg"),
        nested("/**", "attendseg"),
        nested("robot", "*", "attendseg"),
        nested("/", "robot", "front", "attendseg"),
        nested("robot", "front/attendseg"),
        nested("robot/", "front", "attendseg"),
        "/**:\n  attendseg:\n    ros__parameters: {a: 1}\n  ros__parameters: {a: 2}\n",
        "/**:\n  ros__parameters: {a: 1}\n  attendseg:\n    ros__parameters: {a: 2}\n",
        "robot:\n  front:\n    attendseg:\n      ros__parameters: {a: 1}\n    other:\n      ros__parameters: {a: 2}\n",
    ]
]
ORDER = [
    Case((*FRONT, *FILE), (key("/**") + key(FULL, "2"),)),
    Case((*FRONT, *FILE), (key(FULL, "2") + key("/**"),)),
    Case((*FRONT, *FILE), (key("/*/*/*", "2") + key("/**", "3"),)),
    Case((*FRONT, *FILE, "-p", "a:=3"), (key(FULL, "2") + key("/**"),)),
    Case((*FRONT, *FILE, "-p", "a:=3"), (key("/**") + key(FULL, "2"),)),
    Case((*FRONT, *FILE, "-p", "a:=3"), (key(FULL, "2"),)),
    Case((*FRONT, "-p", "a:=3", *FILE), (key("/**"),)),
    Case((*FRONT, "-p", "a:=3", *FILE), (key(FULL, "2"),)),
    Case((*FRONT, *BOTH), (key(FULL), key("/**", "2"))),
    Case((*FRONT, *BOTH), (key("/**"), key("/**", "2"))),
    Case((*FRONT, *BOTH), (key("/**") + key(FULL, "2"), key("/**", "3"))),
    Case((*FRONT, *BOTH), (f"{FULL}:\n  ros__parameters: {{}}\n" + key("/**"), key(FULL, "2"))),
    Case((*FRONT, "--params-file", "@1", *FILE), (key("/**"), key("/**", "2"))),
    Case((*FRONT, *FILE, *FILE), (key("/**"),)),
    Case((ROS, *FILE), (key("attendseg") + key("/attendseg", "2"),)),
    Case((ROS, *BOTH), (key("attendseg") + key("/attendseg", "2"), key("attendseg", "3"))),
    Case((ROS, *BOTH), (key("/attendseg") + key("attendseg", "2"), key("/attendseg", "3"))),
    Case((ROS, *FILE, "-p", "attendseg:a:=3"), (key("attendseg") + key("/**", "2"),)),
    Case((ROS, *FILE, "-p", "attendseg:a:=3"), (key("/attendseg") + key("/**", "2"),)),
    Case((ROS, *FILE), (key("/**") + key("/**", "2", "b"),)),
    Case((ROS, *FILE), ("/**:\n  ros__parameters:\n    a: 1\n    a: 2\n",)),
    Case((ROS, *FILE), ("/**:\n  ros__parameters:\n    a: 1\n---\n/**:\n  ros__parameters:\n    b: 1\n",)),
]
TYPES_AGAIN = [
    Case((ROS, *FILE, "-p", f"a:={second}"), (key("/**", first),))
    for first in ["1", "1.5", "yes", "'x'", "[1]"]
    for second in ["2", "2.5", "no", "'y'", "[2]", "[2.5]", "[z]"]
]
NAMES = [
    Case(
        (ROS, "-r", "__ns:=/robot/front", "-r", "__node:=seg", *FILE), (key("/**/seg") + key("/robot/front/seg", "2"),)
    ),
    Case((*FRONT, *FILE, "-r", "__node:=seg"), (key(FULL) + key("attendseg"),)),
    Case((ROS, "-r", "attendseg:__node:=seg", *FILE), (key("seg"),)),
    Case((ROS, "-r", "attendseg:__ns:=/x", "-r", "__node:=seg", *FILE), (key("/x/seg"),)),
    Case((ROS, "-r", "seg:__ns:=/x", "-r", "__node:=seg", *FILE), (key("/x/seg"),)),
    Case((ROS, "-r", "__node:=one", "-r", "__node:=two", "-p", "one:a:=1", "-p", "two:b:=2")),
    Case((ROS, "--remap", "__node:=seg", "-p", "seg:a:=1", "-p", "attendseg:b:=2")),
    Case((ROS, "-r", "__name:=seg", "-p", "seg:a:=1")),
    Case((ROS, "-r", "other:__node:=seg", "-p", "attendseg:a:=1")),
    Case((ROS, "-r", "__ns:=/", *FILE), (key("attendseg"),)),
    Case((ROS, "-r", "image:=/camera/image", "-p", "a:=1")),
    Case((ROS, "-r", "attendseg:image:=/camera/image", "-p", "a:=1")),
    Case((*FRONT, "-p", "attendseg:a:=3")),
    Case((ROS, "-p", "attendseg:a:=3", "-p", "a:=4")),
    Case((ROS, "-p", "a:=4", "-p", "attendseg:a:=3")),
    Case((ROS, "-p", "other:a:=3")),
]
GROUPS = [
    Case((ROS, "-p", "a:=1", "--", "-p", "a:=2", ROS, "-p", "b:=4", "--", "x")),
    Case((ROS, "-p", "a:=1", ROS, "-p", "b:=4")),
    Case(("-p", "a:=1")),
    Case(("x", "-r", "y", ROS, "-p", "a:=1")),
    Case((ROS, "--", ROS, "--", ROS, "-p", "a:=1")),
    Case(("--", ROS, "-p", "a:=1")),
    Case((ROS, "--param", "a:=1", "--log-level", "warn", "-p", "b:=1")),
    Case((ROS, "--log-level", "attendseg:=debug", "--disable-stdout-logs", "--enable-rosout-logs", "-p", "b:=1")),
    Case((ROS, "--enable-external-lib-logs", "-e", "/", "--enclave", "/", "-p", "b:=1")),
    Case((ROS, "--params-file=@0"), (key("/**"),)),
    *[
        Case((ROS, *words))
        for words in [
            ("--nonsense",),
            ("-pa:=1",),
            ("a:=1",),
            ("-p", "b:=1", "x"),
            ("-p",),
            ("--param",),
            ("--params-file",),
            ("-p", "--", "a"),
            ("--params-file", "/none.yaml"),
            ("-x", "-p", "a:=1"),
        ]
    ],
]
PLAIN_RULES = r"""
a a=1 :=1 a:= a:b:c:=1 a.b:=1 a.b.c:=1 a-b:=1 a:=1:=2 a:=x:y a..b:=1 a.:=1 .a:=1 /a:=1 a/b:=1 a//b:=1 a./b:=1 a/.b:=1
a/:=1 ~a:=1 ~/a:=1 1a:=1 a1:=1 _a:=1 a__b:=1 a_:=1 __a:=1 {a}:=1 a\1:=1 a*:=1 **:=1 *:a:=1 **:a:=1 /**:a:=1 at*:a:=1
/attendseg:a:=1 /robot/attendseg:a:=1 attendseg:a.b:=1 attendseg/x:a:=1 qos_overrides./x/y.subscription.depth:=1
attendseg:qos_overrides./x/y.publisher.depth:=1 qos_overrides./x.publisher_id.depth:=1 rosservice:=1 é:=1
"""
RULES = [Case((ROS, "-p", rule)) for rule in [*PLAIN_RULES.split(), "a b:=1", "a: =1"]]
FILES = [
    Case((ROS, *FILE), (text,))
    for text in [
        "",
        "# nothing\n",
        "{}",
        "2",
        "[2]",
        "fit: stretch\n",
        "/**:\n",
        "/**:\n  fit: stretch\n",
        "ros__parameters:\n  a: 1\n",
        "/**:\n  ros__parameters:\n",
        "/**:\n  ros__parameters: {}\n",
        "/**:\n  ros__parameters: 2\n",
        "/**:\n  ros__parameters: [2]\n",
        "/**:\n  ros__parameters:\n    ros__parameters: 2\n",
        "/**:\n  ros__parameters:\n    a: {b: {c: 1}, d: 2}\n    a.b.e: 3\n",
        "/**:\n  ros__parameters:\n    a: &x 1\n    b: *x\n",
        "a: [1\n",
        "a: b: c\n",
        key("/**") + "\tx: 1\n",
        key("/**", "1", "''"),
        key("/**", "1", "a/b c-d"),
        key("/**", "1", "'a:b'"),
        key("/**", "1", "5"),
        key("/**", "{b: }"),
        "/**:\r\n  ros__parameters:\r\n    a: x\r\n",
        "\ufeff/**:\n  ros__parameters:\n    a: x\n",
        key("/**", "é"),
        "%YAML 1.1\n---\n" + key("/**", "yes"),
        key("/**", "x" * 600),
        "/**: {ros__parameters: {a: 1}}",
    ]
]


@pytest.mark.parametrize(
    "cases",
    [KEYS, NESTED, ORDER, TYPES_AGAIN, NAMES, GROUPS, RULES, FILES],
    ids=["keys", "nested", "order", "types", "names", "groups", "rules", "files"],
)
def test_as_rcl_does(cases: list[Case], tmp_path: Path) -> None:
    compare(cases, tmp_path)


# As a parser of YAML may take them for something else than rcl does.
PLAIN_WORDS = r"""
yes no on off y n Y N YES Yes oN On ON true True tRUE TRUE False FALSE null Null ~ = <<
1e3 1E3 1e+3 0x10 0X1f -0x10 0x 0x1g 0x1p3 0x1.8p1 0x.8 0b11 0o17 .5 5. 1. +5 -5 +.5 -.5 007 010 08 09.5 00 0 -0 -0.0
1_000 1,000 1d3 0.1f 1e e1 + . .. 1e400 1e-400 1e-310 1e308 9007199254740993 0.1 1e22 123456789012345678901234567890
9223372036854775807 9223372036854775808 -9223372036854775808 0x7FFFFFFFFFFFFFFF 0xFFFFFFFFFFFFFFFF
inf nan infinity Infinity -inf +inf NAN Nan -nan .inf -.inf .INF +.Inf .iNF .nan .NaN .NAN +.nan -.nan
2001-12-14 2001-12-14t21:59:43.10-05:00 12:30:45 1:2 190:20:30 a#b 5' ١ é word 1/2
'yes' "5" '0.5' '' "" 'a''b' "a\tb" "\x41" 'null' '~'
"""
WORDS = [
    *PLAIN_WORDS.split(),
    *["1 2", "5 # c", "a #b", "!!str 5", "!!str yes", "!!int '5'", "!!int 5", "!!float 5", "!!bool 'yes'", "!!null x"],
    *["!!binary aGk=", "!!timestamp 2001-12-14", "!foo 5", "! 5", "&x 5", "&x yes"],
    *["|-\n      5", "|\n      text", ">-\n      a\n      b"],
    *["[1, 2]", "[yes, no]", "[a, b]", "['1', b]", "[1.5, .inf]", "[0x10, 007]", "[null]", "['', a]"],
]
# What rcl takes in a way that nobody means, or as no value at all.
NO_VALUES = [
    "",
    "[1, 2.5]",
    "[a, 1]",
    "*x",
    "{}",
    "{b: {}}",
    "[1, [2]]",
    "[{a: 1}]",
    "!!set {a}",
    "!",
    "#",
    "- 5",
    "-",
    "---",
    "@x",
    "`x",
    "%x",
    "!!str",
    "[1, ]",
    "&x",
]


def test_values_typed_as_by_rcl(tmp_path: Path) -> None:
    """All in one file and one command line."""
    lines = "".join(f"    a{i}: {word}\n" for i, word in enumerate(WORDS))
    rules = [word for i, word in enumerate(WORDS) for word in ("-p", f"b{i}:={word}\n")]
    compare([Case((ROS, *FILE, *rules), (f"/**:\n  ros__parameters:\n{lines}",))], tmp_path)


def test_no_values_are_refused_by_name(tmp_path: Path) -> None:
    cases = [Case((ROS, *FILE), (key("/**", value),)) for value in NO_VALUES]
    cases += [Case((ROS, "-p", f"a:={value}")) for value in NO_VALUES]
    compare(cases, tmp_path, may_refuse=True)


def test_any_mixture_as_rcl_does(tmp_path: Path) -> None:
    numbers = random.Random(5)
    keys = ["/**", FULL, FULL[1:], "/robot/*/attendseg", "/**/attendseg", "/robot/**", "attendseg", "/other", "/*/*/*"]
    values = ["1", "2", "3", "4.5", "yes", "word", "'5'"]

    def case() -> Case:
        files = []
        words: list[str] = []
        for _ in range(numbers.randint(1, 4)):
            if numbers.random() < 0.5:
                node = numbers.choice(["", "", "attendseg:", "other:"])
                words += ["-p", f"{node}{numbers.choice('abc')}:={numbers.choice(values)}"]
            else:
                text = "".join(
                    key(numbers.choice(keys), numbers.choice(values), numbers.choice("abc"))
                    for _ in range(numbers.randint(1, 4))
                )
                words += ["--params-file", f"@{len(files)}"]
                files.append(text)
        return Case((numbers.choice([FRONT, (ROS,)]) + tuple(words)), tuple(files))

    compare([case() for _ in range(60)], tmp_path)


def test_a_value_that_loses_for_its_type_is_told(tmp_path: Path) -> None:
    """One key, two types: ROS 2 keeps the integer, though the command line comes later."""
    (answer,) = compare([Case((ROS, *FILE, "-p", "a:=0.5"), (key("/**", "1"),))], tmp_path)
    (warning,) = answer["warnings"]
    assert "parameter a: 0.5 (the command line) is not used: ROS 2 keeps 1 (" in warning
