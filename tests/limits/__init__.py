"""Whether calls per second, calls per minute and channels are kept, as the carriers counted them."""
