"""Connected components of a graph, by label propagation over its edges: no Python loop over nodes or edges."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

I64: TypeAlias = NDArray[np.int64]


def components(nodes: int, edges: I64) -> I64:
    """(nodes,) the smallest node of each one's component. edges: (n, 2).

    The larger of two roots is hung below the smaller, then every node is pointed to its root, until nothing changes
    (Shiloach and Vishkin 1982). Rounds grow with the logarithm of the longest path.
    """
    roots: I64 = np.arange(nodes, dtype=np.int64)
    left, right = edges[:, 0].astype(np.int64), edges[:, 1].astype(np.int64)
    while left.size:
        a, b = roots[left], roots[right]
        apart = a != b
        left, right, a, b = left[apart], right[apart], a[apart], b[apart]
        np.minimum.at(roots, np.maximum(a, b), np.minimum(a, b))
        while True:
            higher = roots[roots]
            if np.array_equal(higher, roots):
                break
            roots = higher
    return roots
