"""Tokenizes each line of TEXTS with Hugging Face's BERT tokenizer and VOCAB:
prints a JSON list of token lists for each of uncased, cased and with accents.
"""

import json
import sys

from tokenizers.implementations import BertWordPieceTokenizer

vocab, texts = sys.argv[1], open(sys.argv[2], encoding="utf-8", newline="").read().split("\0")
print(json.dumps([
    [BertWordPieceTokenizer(vocab, lowercase=lowercase, strip_accents=strip).encode(text, add_special_tokens=False).ids for text in texts]
    for lowercase, strip in ((True, None), (False, None), (True, False))
]))
