#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""schema.py SCHEMA DIR [MANUAL] - compares what wfapikeyctl has printed with its JSON Schema

In DIR are files whose names begin with the name of a definition: NAME.1.json is one value,
NAME.2.jsonl has an item of NAME's array on each line. A member that the schema does not know is an
error here: it was forgotten there. With MANUAL, a page of the manual as scdoc, DIR has the output
of every command: each member in the schema must have had a value, and must be in the manual's
section JSON beside the command.

Prints what is wrong, and ends with 1 then.
"""
import json
import pathlib
import re
import sys

from jsonschema import Draft202012Validator

# Members that no test has a value for, with a reason.
EMPTY = {
    'key refused',  # where accounts are gone, as in 143-accounts-vanish.sh
    'key realm',  # for users of a realm
    'key idle',  # by the policy of that name
    'status keys-idle',
    'account-vanished user',
    'account-vanished since',
    'account-vanished held',
    'account-held user',  # 145-passwords-expire.sh
    'account-held since',
    'event login-uid',  # where the test runs in a login session
    'place repository',  # where git is
    'place commit',
    'place object',
    'fleet-host fault',  # tests/container/fleet-report.sh
    'mirror-status timer',  # W15-mirror-timer.sh
    'mirror-status next',
    'key-unbind certificate',  # always null
}

wrong = []


def closed(schema):
    """The schema, without members that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: closed(value) for name, value in schema.items()}
    if schema.get('type') == 'object' and 'additionalProperties' not in schema:
        result['additionalProperties'] = False
    return result


class Schema:
    def __init__(self, path):
        whole = json.loads(path.read_text())
        Draft202012Validator.check_schema(whole)
        self.definitions = closed(whole['$defs'])

    def errors(self, schema, value):
        whole = {'$defs': self.definitions, 'allOf': [schema]}
        return [f'{"/".join(map(str, e.path))}: {e.message}' for e in leaves(Draft202012Validator(whole).iter_errors(value))]

    def branches(self, schema, name):
        """What a schema may stand for: each has the name of its definition."""
        while isinstance(schema, dict) and '$ref' in schema:
            name = schema['$ref'].rpartition('/')[2]
            schema = self.definitions[name]
        if not isinstance(schema, dict):
            return []
        if 'anyOf' in schema:
            return [one for branch in schema['anyOf'] for one in self.branches(branch, name)]
        return [(name, schema)]

    def items(self, schema):
        return {'anyOf': [one['items'] for _, one in self.branches(schema, '') if 'items' in one]}

    def members(self, schema, name, deep=True):
        """All members below, as NAME MEMBER, where NAME is the definition that has them. Not those
        of a member that need not be there, unless it is DEEP."""
        for owner, one in self.branches(schema, name):
            for member, below in one.get('properties', {}).items():
                yield f'{owner} {member}'
                if deep or member in one['required']:
                    yield from self.members(below, owner, deep)
            yield from self.members(one.get('items', False), owner, deep)

    def valued(self, schema, name, value):
        """The members that have a value in VALUE."""
        for owner, one in self.branches(schema, name):
            if not self.errors(one, value):
                for below in value if isinstance(value, list) else []:
                    yield from self.valued(one.get('items', False), owner, below)
                for member, below in value.items() if isinstance(value, dict) else []:
                    if below not in (None, []):
                        yield f'{owner} {member}'
                        yield from self.valued(one.get('properties', {}).get(member, False), owner, below)


def leaves(errors):
    for error in errors:
        if error.context:
            yield from leaves(error.context)
        else:
            yield error


def entries(manual):
    """The section JSON: each command, and the text below it."""
    section = manual.partition('\n# JSON\n')[2].partition('\n# ')[0]
    for commands, text in re.findall(r'^(\*.*)\n((?:\t.*\n|\n(?=\t))*)', section, re.M):
        for command in re.findall(r'\*([a-z -]+)\*', commands):
            yield command.replace(' ', '-'), text


def check_outputs(schema, directory):
    seen = set()
    for path in sorted(directory.iterdir()):
        name, lines = path.name.partition('.')[0], path.suffix == '.jsonl'
        if name not in schema.definitions:
            wrong.append(f'{name} is not in the schema: give the command its definition in ctl/schema')
            continue
        expected = schema.definitions[name]
        expected = schema.items(expected) if lines else expected
        text = path.read_text()
        for value in map(json.loads, text.splitlines() if lines else [text]):
            wrong.extend(f'{path.name}: {error}' for error in schema.errors(expected, value))
            seen.update(schema.valued(expected, name, value))
    return seen


def check_manual(schema, names, manual):
    below = dict(entries(manual))
    for name in names:
        text = below.get(name, '')
        if not text:
            wrong.append(f"{name} is not in the manual's section JSON")
        for member in schema.members(schema.definitions[name], name, deep=False):
            if f'_{member.partition(" ")[2]}_' not in text and ', as *' not in text and member not in EMPTY:
                wrong.append(f"the manual's section JSON does not name {member} of {name}")


def check_seen(schema, names, seen):
    for name in names:
        for member in schema.members(schema.definitions[name], name):
            if member not in seen and member not in EMPTY:
                wrong.append(f'no output has a value for {member}, so its type is not tested')


def main(path, directory, manual=None):
    schema, directory = Schema(pathlib.Path(path)), pathlib.Path(directory)
    seen = check_outputs(schema, directory)
    if manual:
        names = {path.name.partition('.')[0] for path in directory.iterdir()} & schema.definitions.keys()
        check_seen(schema, sorted(names), seen)
        # These are no commands. The manual has them in sentences.
        names -= {'error', 'note', 'warning'}
        check_manual(schema, sorted(names), pathlib.Path(manual).read_text())
    print(*dict.fromkeys(wrong), sep='\n')
    return bool(wrong)


if __name__ == '__main__':
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
