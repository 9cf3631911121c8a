"""Findings have codes of one closed list: what the source reports is listed, and what is listed is reported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import corpus_kit
from corpus_kit.core.findings import FINDINGS
from corpus_kit.core.records import Finding

PACKAGE = Path(corpus_kit.__file__).parent
_CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def codes_in(source: str) -> set[str]:
    """The codes that a module makes findings with, by following the parameter `code` of functions that pass it on."""
    tree = ast.parse(source)
    makers = {"Finding": 0}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        names = [one.arg for one in function.args.args if one.arg != "self"]
        if "code" in names and any(_name(call) == "Finding" for call in _calls(function)):
            makers[function.name] = names.index("code")
    found: set[str] = set()
    for call in _calls(tree):
        if (place := makers.get(_name(call), -1)) < 0:
            continue
        argument = next((word.value for word in call.keywords if word.arg == "code"), None)
        argument = argument or call.args[place]
        if isinstance(argument, ast.Constant):
            found.add(str(argument.value))
        elif isinstance(argument, ast.Starred | ast.Subscript):
            found |= _first_words(tree)
        else:
            assert isinstance(argument, ast.Name), f"line {call.lineno}: write the code as a literal"
            assert argument.id == "code", f"line {call.lineno}: write the code as a literal"
    return found


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _first_words(tree: ast.AST) -> set[str]:
    """The codes of tuples (code, sentence) and (code, column, sentence), which are passed on as a whole."""
    tuples = [node.elts for node in ast.walk(tree) if isinstance(node, ast.Tuple)]
    tuples = [one for one in tuples if len(one) == 3 or (len(one) == 2 and _is_sentence(one[1]))]
    firsts = {str(one[0].value) for one in tuples if isinstance(one[0], ast.Constant) and not _is_word(one[-1])}
    return {word for word in firsts if _CODE.fullmatch(word)}


def _is_word(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and not _is_sentence(node)


def _is_sentence(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and " " in str(node.value))


@cache
def reported() -> dict[str, set[str]]:
    """Code → the modules that make a finding with it."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "Finding(" in source:
            for code in codes_in(source):
                found.setdefault(code, set()).add(path.relative_to(PACKAGE).as_posix())
    return found


def test_every_code_that_the_source_reports_is_listed() -> None:
    missing = {code: where for code, where in reported().items() if code not in FINDINGS}
    assert not missing, "add a line for each to corpus_kit/core/findings.py"


def test_every_code_that_is_listed_is_reported_somewhere() -> None:
    assert set(FINDINGS) - set(reported()) == set()


def test_every_code_has_a_meaning_and_a_next_step() -> None:
    for code, one in FINDINGS.items():
        assert _CODE.fullmatch(code)
        assert one.code == code
        for sentence in (one.meaning, one.hint):
            assert sentence.endswith("."), code
            assert sentence[0].isupper() or sentence[0] == "`", code


def test_no_code_is_listed_twice() -> None:
    source = (PACKAGE / "core" / "findings.py").read_text(encoding="utf-8")
    listed = [
        call.args[0].value
        for call in _calls(ast.parse(source))
        if _name(call) == "FindingCode" and isinstance(call.args[0], ast.Constant)
    ]
    assert len(listed) == len(set(listed)) == len(FINDINGS) > 50


def test_a_finding_with_another_code_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="'no_such_code' is no finding code"):
        Finding("no_such_code", "documents")


def test_the_reading_of_the_source_finds_codes_that_are_passed_on() -> None:
    source = """
def _make(table, code, hint):
    return Finding(code, table, hint=hint)

class Check:
    def _say(self, code: str, table: str) -> None:
        self.found.append(Finding(code, table))

    def run(self):
        self._say("first_code", "documents")
        reason = ("third_code", "column", f"It is {self}.")
        yield _make("documents", *reason)
        yield Finding("second_code", "documents")
        yield Finding(table="documents", code="fourth_code")
"""
    assert codes_in(source) == {"first_code", "second_code", "third_code", "fourth_code"}
