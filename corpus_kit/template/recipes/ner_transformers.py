"""Fine-tune a token classifier on a release with transformers. Tokens in dispute get the label -100: no loss, no score.

    python ner_transformers.py RELEASE [--layer entities] [--model xlm-roberta-base] [--epochs 3] [--out model]

Needs `datasets`, `transformers` and `torch`. RELEASE is a folder that corpus-kit made, or its name on the Hub; MODEL is a
name on the Hub or a folder. With --predictions FILE it writes what `corpus-kit evaluate` reads.
"""

import argparse
import json
import random

import torch
from datasets import load_dataset
from transformers import AutoModelForTokenClassification, AutoTokenizer

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("release")
parser.add_argument("--layer", default="entities")
parser.add_argument("--model", default="xlm-roberta-base")
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--rate", type=float, default=5e-5)
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--length", type=int, default=256)
parser.add_argument("--out")
parser.add_argument("--predictions")
args = parser.parse_args()

data = load_dataset(args.release, args.layer)
names = data["train"].features["ner_tags"].feature.names
tokenizer = AutoTokenizer.from_pretrained(args.model, add_prefix_space=True)
torch.manual_seed(0)
random.seed(0)
model = AutoModelForTokenClassification.from_pretrained(
    args.model, num_labels=len(names), id2label=dict(enumerate(names)), ignore_mismatched_sizes=True
)


def windows(row):
    """(input, for each word piece the number of its token). Long documents become several windows."""
    made = tokenizer(
        row["tokens"],
        is_split_into_words=True,
        truncation=True,
        max_length=args.length,
        stride=args.length // 4,
        return_overflowing_tokens=True,
    )
    for number, ids in enumerate(made["input_ids"]):
        yield ids, made.word_ids(number)


def labelled(row):
    """A window with a label for the first piece of each token; -100 for the others and where the tag is not known."""
    for ids, tokens in windows(row):
        before, labels = None, []
        for token in tokens:
            first = token is not None and token != before
            labels.append(row["ner_tags"][token] if first and row["known"][token] else -100)
            before = token
        yield ids, labels


def padded(batch):
    width = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([one + [tokenizer.pad_token_id or 0] * (width - len(one)) for one, _ in batch])
    mask = torch.tensor([[1] * len(one) + [0] * (width - len(one)) for one, _ in batch])
    labels = torch.tensor([labels + [-100] * (width - len(labels)) for _, labels in batch])
    return ids, mask, labels


train = [window for row in data["train"] for window in labelled(row)]
optimizer = torch.optim.AdamW(model.parameters(), lr=args.rate)
model.train()
for epoch in range(args.epochs):
    random.shuffle(train)
    total = 0.0
    for start in range(0, len(train), args.batch):
        ids, mask, labels = padded(train[start : start + args.batch])
        if (labels == -100).all():
            continue
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1}: loss {total:.2f}")


def predicted(row):
    """A tag for every token; the first window that holds a token decides."""
    tags = [0] * len(row["tokens"])
    seen = set()
    for ids, tokens in windows(row):
        with torch.no_grad():
            best = model(input_ids=torch.tensor([ids])).logits[0].argmax(-1).tolist()
        for token, tag in zip(tokens, best, strict=True):
            if token is not None and token not in seen:
                tags[token] = tag
                seen.add(token)
    return tags


def spans(tags):
    """(first token, token after the last, label) of every name."""
    found = []
    for at, name in enumerate(names[tag] for tag in tags):
        if name.startswith("I-") and found and found[-1][1] == at and found[-1][2] == name[2:]:
            found[-1][1] = at + 1
        elif name != "O":
            found.append([at, at + 1, name[2:]])
    return {tuple(one) for one in found}


# Exact span F1 on the test split. Spans that touch a token in dispute are not scored.
model.eval()
found = right = gold = 0
rows = []
for row in data["test"] if "test" in data else data["train"]:
    tags, known = predicted(row), row["known"]
    ours = {one for one in spans(tags) if all(known[one[0] : one[1]])}
    theirs = {one for one in spans(row["ner_tags"]) if all(known[one[0] : one[1]])}
    found, right, gold = found + len(ours), right + len(ours & theirs), gold + len(theirs)
    rows.append({"doc_id": row["doc_id"], "layer": args.layer, "tags": [names[tag] for tag in tags]})
print(f"F1 {2 * right / max(found + gold, 1):.3f} ({gold} names)")
if args.predictions:
    with open(args.predictions, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
if args.out:
    model.save_pretrained(args.out)
    tokenizer.save_pretrained(args.out)
