"""The parameters that Nav2's semantic_segmentation_layer needs for a model: every class in a class type, by its name.

The layer knows classes by name only, and takes their ids from label_info. A name in label_info that its parameters lack
is a critical error in its log; a name in its parameters that label_info lacks ends it when a cost is changed live. So
the names here are those that the node publishes, after `remap` and `ignore`.
"""

from pathlib import Path

import yaml

SHIPPED_MODELS = Path(__file__).absolute().parents[1] / "models"
LAYER = "semantic_segmentation_layer"

# What a robot on wheels may drive on, and what is no reason to stop; by the names of the usual data sets, in small
# letters with _ between words. All others are danger: nothing is driven over because nobody thought of it.
TRAVERSABLE = {
    *("road", "pavement", "sidewalk", "footpath", "path", "crosswalk", "lane_marking", "road_marking", "parking"),
    *("floor", "ground", "rug", "carpet", "runway", "bikelane", "bike_lane"),
}
INTERMEDIATE = {
    *(
        "grass",
        "lawn",
        "terrain",
        "gravel",
        "dirt",
        "sand",
        "earth",
        "mud",
        "snow",
        "field",
        "leaves",
        "low_vegetation",
    ),
    # No point of a cloud lies in the sky: such a pixel is a reflection, or wrong.
    *("sky", "ceiling"),
}
# 1, not 0: of several pixels in a tile the layer takes the one of the highest cost, and unlabelled ones have 0.
COSTS = {"traversable": 1, "intermediate": 127, "danger": 254}


def class_type(name):
    """The class type of a class."""
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    if plain in TRAVERSABLE:
        return "traversable"
    return "intermediate" if plain in INTERMEDIATE else "danger"


def model_classes(model=""):
    """The names of a model's classes by id; `model` as the node's parameter. RuntimeError names a file that is none."""
    path = Path(model).expanduser() if model else SHIPPED_MODELS / "attendseg_camvid"
    if not path.exists() and (SHIPPED_MODELS / model / "manifest.yaml").exists():
        path = SHIPPED_MODELS / model
    manifest = path / "manifest.yaml" if path.is_dir() else path
    try:
        return [entry["name"] for entry in yaml.safe_load(manifest.read_text(encoding="utf-8"))["classes"]]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise RuntimeError(f"{manifest}: no classes can be read from this manifest ({reason})") from error


def last_value(files, name):
    """What a parameter is set to in the last of these parameter files that has it, under any node's name; else None."""

    def values(tree):
        for key, value in tree.items():
            if isinstance(value, dict):
                if key == "ros__parameters" and name in value:
                    yield value[name]
                yield from values(value)

    found = None
    for file in files:
        content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
        for value in values(content if isinstance(content, dict) else {}):
            found = value
    return found


def published_classes(classes, remap=(), ignore=()):
    """The names that come out of the node, in the order of ids: `remap` and `ignore` as the node's parameters."""
    pairs = [entry.split(":", 1) for entry in remap if ":" in entry]
    to = {key.strip(): value.strip() for key, value in pairs}
    ignored = {name.strip() for name in ignore}
    return list(dict.fromkeys(to.get(name, name) for name in classes if name not in ignored))


def costmap_yaml(classes, cameras=("",), namespace="", cloud="/{camera}/depth_registered/points"):
    """The text of a parameter file for local_costmap.

    `cameras`: names as in the node's parameter, "" for the only one; each is an observation source. `cloud`: topic of
    the organised cloud, in which {camera} stands for the camera's name. All topics are absolute: the costmap has a
    namespace of its own.
    """
    types = {kind: [name for name in classes if class_type(name) == kind] for kind in COSTS}
    # A type without classes is an error in the layer's log.
    types = {kind: names for kind, names in types.items() if names}
    sources = {}
    for camera in cameras or ("",):
        prefix = "/".join(["", *(part for part in (namespace.strip("/"), camera) if part), "segmentation"])
        sources[camera or "camera"] = {
            "segmentation_topic": f"{prefix}/mask",
            "confidence_topic": f"{prefix}/confidence",
            "labels_topic": f"{prefix}/label_info",
            "pointcloud_topic": cloud.replace("{camera}", camera or "camera"),
            "max_obstacle_distance": 5.0,
            "min_obstacle_distance": 0.3,
            "tile_map_decay_time": 2.0,
            "use_cost_selection": True,
            "class_types": list(types),
            **{
                kind: {
                    "classes": names,
                    "base_cost": COSTS[kind],
                    "max_cost": COSTS[kind],
                    "mark_confidence": 0,
                    "samples_to_max_cost": 0,
                    "dominant_priority": False,
                }
                for kind, names in types.items()
            },
        }
    layer = {
        "plugin": f"{LAYER}::SemanticSegmentationLayer",
        "enabled": True,
        "observation_sources": " ".join(sources),
        **sources,
    }
    parameters = {"plugins": [LAYER, "inflation_layer"], LAYER: layer}
    text = yaml.dump(
        {"local_costmap": {"local_costmap": {"ros__parameters": parameters}}},
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=120,
        Dumper=NoAliases,
    )
    return (
        "# For Nav2's local costmap; the global one takes the same. Which class is of which type is a proposal by its\n"
        "# name, with danger for all names that are not known: read it before the robot drives by it.\n"
    ) + text


class NoAliases(yaml.SafeDumper):
    """Two cameras have the same lists, and rcl reads no aliases."""

    def ignore_aliases(self, data):
        return True


def missing_classes(text, classes):
    """Those of the classes that a costmap's parameters have in no class type."""
    named = set()

    def collect(tree):
        for key, value in tree.items():
            if key == "classes" and isinstance(value, list):
                named.update(value)
            elif isinstance(value, dict):
                collect(value)

    content = yaml.safe_load(text)
    collect(content if isinstance(content, dict) else {})
    return [name for name in classes if name not in named]


def write_costmap_yaml(path, text, classes):
    """Writes the text, unless there is a file already: that may have been edited, and stays. What to tell the user."""
    path = Path(path).expanduser()
    try:
        if not path.exists():
            path.write_text(text, encoding="utf-8")
            return f"{path}: written for {len(classes)} classes; include it in Nav2's parameters"
        missing = missing_classes(path.read_text(encoding="utf-8"), classes)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuntimeError(f"costmap_yaml: {path} cannot be used ({' '.join(str(error).split())})") from error
    if missing:
        return f"{path}: stays as it is, but lacks {', '.join(missing)}: add them, or remove the file for a new one"
    return f"{path}: stays as it is, and has every class"
