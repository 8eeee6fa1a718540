"""The answering-machine detector on a desk: a made-up corpus, training, and the figures."""
