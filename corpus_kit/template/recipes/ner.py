"""Train a named-entity recogniser on a release with spaCy. Tokens in dispute are missing values, not "outside".

    python ner.py RELEASE [--layer entities] [--epochs 20] [--out model]

Needs `datasets` and `spacy`. RELEASE is a folder that corpus-kit made, or its name on the Hub.
"""

import argparse
import random

import spacy
from datasets import load_dataset
from spacy.tokens import Doc
from spacy.training import Example

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("release")
parser.add_argument("--layer", default="entities")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--out")
args = parser.parse_args()

data = load_dataset(args.release, args.layer)
names = data["train"].features["ner_tags"].feature.names
nlp = spacy.blank("xx")
nlp.add_pipe("ner")


def example(row):
    """A spaCy example. The tag "-" says that the tag of a token is not known; spaCy leaves it out of the loss."""
    tags = [names[tag] if known else "-" for tag, known in zip(row["ner_tags"], row["known"], strict=True)]
    gold = Doc(nlp.vocab, words=row["tokens"], ents=[tag if tag != "-" else "" for tag in tags])
    return Example(Doc(nlp.vocab, words=row["tokens"]), gold)


train = [example(row) for row in data["train"]]
test = data["test"] if "test" in data else data["train"]
random.seed(0)
nlp.initialize(lambda: train)
for epoch in range(args.epochs):
    random.shuffle(train)
    losses = {}
    for start in range(0, len(train), 4):
        nlp.update(train[start : start + 4], losses=losses)
    print(f"epoch {epoch + 1}: loss {losses['ner']:.1f}")

# Exact span F1 on the test split. Spans that touch a token in dispute are not scored.
found = right = gold = 0
for row in test:
    doc = nlp(Doc(nlp.vocab, words=row["tokens"]))
    known = row["known"]
    predicted = {(e.start, e.end, e.label_) for e in doc.ents if all(known[e.start : e.end])}
    wanted = {(e.start, e.end, e.label_) for e in example(row).reference.ents if all(known[e.start : e.end])}
    found, right, gold = found + len(predicted), right + len(predicted & wanted), gold + len(wanted)
print(f"F1 {2 * right / max(found + gold, 1):.3f} ({gold} names)")
if args.out:
    nlp.to_disk(args.out)
