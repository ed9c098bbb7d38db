"""Copies of the repository's sources under build/, for ci/planted and ci/mutants, which break them:
only what differs is touched, so that building again is cheap. What was built there stays.
"""

import os
import subprocess


def files_of(root):
    """Paths of all files that are, or are about to be, in the repository `root`."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-co",
                             "--exclude-standard", "-z"], cwd=root, check=True,
                            capture_output=True).stdout.decode()
    return {path for path in listed.split("\0")
            if path and os.path.isfile(os.path.join(root, path))}


def files_below(tree):
    """Paths of all files of a copy; what was built there is none."""
    found = set()
    for folder, folders, files in os.walk(tree):
        here = os.path.relpath(folder, tree)
        if here == ".":
            folders[:] = [name for name in folders if name != "build"]
        found |= {os.path.normpath(os.path.join(here, name)) for name in files}
    return found


def make_same(root, wanted, tree, changed=None):
    """Makes `tree` a copy of the files `wanted` of `root`, with the texts {path: bytes} of
    `changed` in place of what is there, or beside it."""
    changed = changed or {}
    os.makedirs(tree, exist_ok=True)
    for path in files_below(tree) - wanted - set(changed):
        os.remove(os.path.join(tree, path))
    for path in wanted | set(changed):
        source, copy = os.path.join(root, path), os.path.join(tree, path)
        if path in changed:
            now = changed[path]
        else:
            with open(source, "rb") as stream:
                now = stream.read()
        if os.path.isfile(copy):
            with open(copy, "rb") as stream:
                if stream.read() == now:
                    continue
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        with open(copy, "wb") as stream:
            stream.write(now)
        if path in wanted:
            os.chmod(copy, os.stat(source).st_mode)
