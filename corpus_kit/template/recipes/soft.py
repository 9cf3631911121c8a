"""Train on everyone's answers instead of one: a classifier whose probabilities follow how people differ.

    python soft.py RELEASE [--layer stance]

Needs `datasets` and `scikit-learn`. Each question is one example per label, weighted by the share of people who gave it,
which makes the loss the cross-entropy with the soft label. Uma et al. (2021), "Learning from Disagreement: A Survey".
"""

import argparse

import numpy as np
from datasets import load_dataset
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("release")
parser.add_argument("--layer", default="stance")
args = parser.parse_args()

data = load_dataset(args.release, f"{args.layer}_soft")
names = data["train"].features["majority"].names


def questions(rows):
    """(inputs, distributions) of the questions that someone answered."""
    asked = [i for i, n in enumerate(rows["n"]) if n]
    targets = rows["target"] if "target" in rows.column_names else [""] * rows.num_rows
    texts = rows["text"]
    return [f"target_{targets[i]} {texts[i]}" for i in asked], np.array([rows["distribution"][i] for i in asked])


train, test = data["train"], data["test"] if "test" in data else data["train"]
vectors = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
inputs, shares = questions(train)
features = vectors.fit_transform(inputs)
rows, labels = np.nonzero(shares)
model = LogisticRegression(max_iter=2000)
model.fit(features[rows], labels, sample_weight=shares[rows, labels])

inputs, shares = questions(test)
probabilities = np.full(shares.shape, 1e-9)
probabilities[:, model.classes_] += model.predict_proba(vectors.transform(inputs))
probabilities /= probabilities.sum(axis=1, keepdims=True)
baseline = np.full(shares.shape, 1 / len(names))
for name, guess in (("model", probabilities), ("knows nothing", baseline)):
    print(f"cross-entropy, {name}: {-(shares * np.log(guess)).sum(axis=1).mean():.3f} ({len(shares)} questions)")
