"""The second tier: a small transformer, run by onnxruntime and tokenizers alone."""
