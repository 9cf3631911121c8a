"""Train a boilerplate classifier on a release with scikit-learn: which lines of a page are content.

    python boilerplate.py RELEASE [--layer boilerplate]

Needs `datasets` and `scikit-learn`. Lines that people have not settled have the label `disputed`; they are left out, of the
training and of the score.
"""

import argparse

from datasets import load_dataset
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("release")
parser.add_argument("--layer", default="boilerplate")
args = parser.parse_args()

data = load_dataset(args.release, args.layer)
names = data["train"].features["label"].names
disputed, content = names.index("disputed"), names.index("content")


def settled(rows):
    """(lines with their neighbours, 1 for content) of the lines that are not in dispute."""
    texts, documents, labels = rows["text"], rows["doc_id"], rows["label"]
    inputs, answers = [], []
    for at, label in enumerate(labels):
        if label == disputed:
            continue
        before = texts[at - 1] if at and documents[at - 1] == documents[at] else ""
        length = f"length_{min(len(texts[at]) // 20, 10)}"
        inputs.append(f"{texts[at]} {length} before_{min(len(before) // 20, 10)}")
        answers.append(int(label == content))
    return inputs, answers


train, test = data["train"], data["test"] if "test" in data else data["train"]
model = make_pipeline(
    TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(1, 4), min_df=2),
    LogisticRegression(max_iter=2000, class_weight="balanced"),
)
model.fit(*settled(train))
inputs, answers = settled(test)
print(f"F1 of content lines: {f1_score(answers, model.predict(inputs)):.3f} ({len(answers)} lines)")
