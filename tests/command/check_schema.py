"""Checks YAML files against the JSON Schema of configurations: check_schema.py SCHEMA accepts|refuses FILE..."""
import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: 1e-3 is a number, `no` a text, and all keys are texts."""

    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        return {str(key): value for key, value in super().construct_mapping(node, deep).items()}

    def mapping(self, node):
        result = {}
        yield result
        result.update(self.construct_mapping(node))


for tag, first, form in [
    ("null", ["~", "n", "N", ""], "~|null|Null|NULL|"),
    ("bool", list("tTfF"), "true|True|TRUE|false|False|FALSE"),
    ("int", list("-+0123456789"), "[-+]?[0-9]+"),
    ("float", list("-+0123456789."), r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
    ("merge", ["<"], "<<"),
]:
    Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(f"^(?:{form})$"), first)
Loader.add_constructor("tag:yaml.org,2002:map", Loader.mapping)

with open(sys.argv[1]) as file:
    schema = json.load(file)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
wanted = sys.argv[2] == "refuses"
failures = 0
for name in sys.argv[3:]:
    with open(name) as file:
        errors = list(validator.iter_errors(yaml.load(file, Loader)))
    places = {tuple(error.absolute_path) for error in errors}
    if len(places) != wanted:  # one mistake, one place
        failures += 1
        print(f"FAILED: {name}: refused at {len(places)} places, not {int(wanted)}")
        for error in errors:
            print(f"  {list(error.absolute_path)}: {error.message[-200:]}")
sys.exit(failures > 0)
