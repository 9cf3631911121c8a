"""Which documents are copies of each other: equal texts and near copies, as clusters. Nothing is dropped.

    scan (every shard)  →  lines that a publisher repeats  →  signatures and bands (every shard)
    →  candidate pairs (every band)  →  pairs checked by their real Jaccard similarity  →  clusters

Every step over documents is a pure function of one shard or one band: paths in, paths out. What it wrote is found again by
a hash of what went in, so a rebuild signs the new documents only.
"""
