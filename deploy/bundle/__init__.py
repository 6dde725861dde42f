"""Didban as one signed archive that installs with no network: for places where the package index is blocked.

    python -m deploy.bundle --arch x86_64 --key-file bundle.key --out dist      # and --arch aarch64 for arm64

makes, of what is committed, `didban-VERSION-ARCH.tar` and `.tar.sig`; `bundle.key` is of the kind that `didban
catalogue key` makes. It needs a package index, and takes from it what deploy/locks names, by its SHA-256. Made twice of
one commit, it is the same to the byte. On the board:

    sh install.sh PUBLIC-KEY didban-VERSION-ARCH.tar

`install.sh` (beside this file) and the public key are carried by another way than the archive: they are what it is
checked by.
"""
