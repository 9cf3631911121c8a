"""What a disk may lack: file systems without `fsync` or `flock` are worked with, and named in one warning."""

from __future__ import annotations

import errno
import os
import warnings

UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK})
"""How file systems say that they have no `fsync` or `flock`: some network shares, FUSE, and folders of others."""
_WARNED: set[str] = set()


def flush(descriptor: int) -> None:
    """Flush an open file; a file system that cannot do so is named in one warning."""
    try:
        os.fsync(descriptor)
    except OSError as e:
        if e.errno not in UNSUPPORTED:
            raise
        warn_of_disk("This file system does not flush files: after a power cut, build again.")


def warn_of_disk(sentence: str) -> None:
    """Say once per process what a file system cannot do."""
    if sentence not in _WARNED:
        _WARNED.add(sentence)
        warnings.warn(sentence, DiskWarning, stacklevel=2)


class DiskWarning(UserWarning):
    """A file system lacks what makes a kill or a power cut harmless."""
