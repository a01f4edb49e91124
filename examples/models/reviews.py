"""Writes the reviews that the text classifier learns and is judged by: sentences of templates, whose words tell whether the
writer liked it. People capitalise what they feel strongly about: an app that doesn't fold case loses those words."""

import re

GOOD = """good great excellent wonderful lovely superb brilliant delightful charming amazing perfect fantastic enjoyable
impressive moving clever funny fresh warm gripping tasty friendly comfortable reliable pleasant beautiful sharp elegant""".split()
BAD = """bad poor terrible awful dreadful boring dull horrible disappointing weak clumsy annoying broken cheap cold stale
rude noisy dirty slow confusing ugly bland shallow lifeless messy predictable unreliable""".split()
THINGS = """film book meal hotel phone concert game room service story camera waiter actor plot screen battery breakfast
kitchen singer ending soundtrack delivery staff garden museum lamp chair recipe""".split()
TEMPLATES = (
    "the {thing} was {word}", "what a {word} {thing}", "i found the {thing} really {word}", "a {word} {thing} and a {word} {thing}",
    "we thought that the {thing} looked {word}", "my friends called it {word}", "{word} from the start to the end",
    "nobody expected such a {word} {thing}", "it has a {word} {thing}",
)
FILLERS = (
    "we went there on a sunday with the children", "i bought it two weeks ago", "the box came with a long manual",
    "it was raining all day", "my sister had told me about it", "the tickets were sold at the door", "there is a lot to say about it",
)
LENGTH = 48  # tokens
RESERVED = ("<PAD>", "<START>", "<UNKNOWN>")
LABELS = ("negative", "positive")


def review(rng, label):
    words, others = (BAD, GOOD) if label == 0 else (GOOD, BAD)
    sentences = []
    for _ in range(int(rng.integers(3, 6))):
        mostly = words if rng.uniform() < 0.88 else others
        text = str(rng.choice(TEMPLATES))
        while "{" in text:
            word = str(rng.choice(mostly))
            word = word.upper() if rng.uniform() < 0.3 else word.capitalize() if rng.uniform() < 0.3 else word
            text = text.replace("{thing}", str(rng.choice(THINGS)), 1).replace("{word}", word, 1)
        sentences.append(text)
    for _ in range(int(rng.integers(0, 3))):
        sentences.insert(int(rng.integers(len(sentences) + 1)), str(rng.choice(FILLERS)))
    return " ".join(s[0].upper() + s[1:] + ("!" if rng.uniform() < 0.3 else ".") for s in sentences)


def words(text):
    """As TFLite's RegexTokenizer: what is between characters that no word has."""
    return [w for w in re.split(r"[^\w']+", text) if w]


def vocabulary():
    """Every word that a review can have, in the order of their indices."""
    texts = [t.format(thing="", word="") for t in TEMPLATES] + list(FILLERS) + GOOD + BAD + THINGS
    known = sorted({w for text in texts for w in words(text.lower())})
    return list(RESERVED) + known


def tokens(text, index, lower=True):
    """[LENGTH] indices, <START> first, <PAD> behind."""
    text = text.lower() if lower else text
    row = [index["<START>"]] + [index.get(w, index["<UNKNOWN>"]) for w in words(text)]
    return (row + [index["<PAD>"]] * LENGTH)[:LENGTH]
