"""Makes coco.json: pictures of made-up objects, what a made-up detector found in them, and what COCO's evaluation says of that.

It ran with pycocotools 2.0.11 and numpy 2.4.6: python coco.py > coco.json
"""

import contextlib
import io
import json
import random

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

random.seed(5)
SIDE = 1000
classes = ["bus", "cat", "dog", "person"]
images, annotations, found = [], [], []


def box():
    left, top = random.uniform(0, 700), random.uniform(0, 700)
    return [round(v, 2) for v in (left, top, random.uniform(20, 300), random.uniform(20, 300))]


def near(b, by):
    return [round(b[0] + random.gauss(0, by), 2), round(b[1] + random.gauss(0, by), 2),
            round(max(1, b[2] + random.gauss(0, by)), 2), round(max(1, b[3] + random.gauss(0, by)), 2)]


for i in range(60):
    images.append({"id": i, "file_name": f"{i:03}.jpg", "width": SIDE, "height": SIDE})
    for _ in range(random.randint(0, 5)):
        b, c = box(), random.randint(1, 4)
        crowd = int(random.random() < 0.1)
        annotations.append({"id": len(annotations) + 1, "image_id": i, "category_id": c, "bbox": b, "area": b[2] * b[3], "iscrowd": crowd})
        for _ in range(random.choice([0, 1, 1, 1, 2])):
            wrong = random.random() < 0.1
            found.append({"image_id": i, "category_id": random.randint(1, 4) if wrong else c, "bbox": near(b, random.choice([2, 8, 20])),
                          "score": round(random.random(), 2)})
    for _ in range(random.randint(0, 2)):
        found.append({"image_id": i, "category_id": random.randint(1, 4), "bbox": box(), "score": round(random.random() * 0.7, 2)})

truth = {"images": images, "annotations": annotations, "categories": [{"id": i + 1, "name": n} for i, n in enumerate(classes)]}
with contextlib.redirect_stdout(io.StringIO()):
    coco = COCO()
    coco.dataset = truth
    coco.createIndex()
    e = COCOeval(coco, coco.loadRes(found), "bbox")
    e.evaluate()
    e.accumulate()
    e.summarize()
precision = e.eval["precision"][:, :, :, 0, 2]  # thresholds, recalls, classes; any size, 100 detections
print(json.dumps({
    "truth": truth, "found": found,
    "AP": e.stats[0], "AP50": e.stats[1], "AP75": e.stats[2],
    "classes": {n: float(precision[:, :, i].mean()) for i, n in enumerate(classes)},
}))
