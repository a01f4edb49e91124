// Says what is in pictures, with a model and TFLite's C library: a small app as there are many.
//
//	classify MODEL LABELS FOLDER|camera [--family NAME] [--bug NAME] [--count N]
//
// FOLDER has a folder of PNG files per class. "camera": frames come from a camera; on a machine without one, from a player
// (`edgexray snapshot --replay`). --bug turns on one mistake that real apps have made.

#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "edgexray.h"
#include "tensorflow/lite/c/c_api.h"

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;

struct Image {
  int width = 0, height = 0;
  Bytes pixels;  // RGB, rows without gaps
  const uint8_t* at(int x, int y) const { return &pixels[(y * width + x) * 3]; }
};

// How a model family wants its pixels (keras.applications' preprocess_input): (pixel - mean) / deviation, in its order.
struct Family {
  const char* name;
  bool bgr;
  std::array<float, 3> mean, deviation;
};
static const Family families[] = {
    {"mobilenet", false, {127.5f, 127.5f, 127.5f}, {127.5f, 127.5f, 127.5f}},
    {"inception", true, {127.5f, 127.5f, 127.5f}, {127.5f, 127.5f, 127.5f}},
    {"resnet", true, {103.939f, 116.779f, 123.68f}, {1, 1, 1}},
    {"densenet", false, {123.675f, 116.28f, 103.53f}, {58.395f, 57.12f, 57.375f}},
};

static const std::set<std::string> bugs = {
    "none",
    "bgr",           // red and blue change places
    "scale",         // pixels in [0, 1], whatever the family wants
    "raw",           // pixels in [0, 255]
    "resize",        // bilinear instead of averaging over areas
    "nearest",       // the nearest pixel instead
    "rotate",        // the camera's picture lies on its side
    "flip",          // it is a mirror image
    "planes",        // one channel after the other instead of pixel after pixel
    "quantization",  // an int8 model's scale and zero point are taken to be those of pixels in [0, 1]
    "uint8",         // an int8 model is given the bytes as they are
};

static void fail(const std::string& what) {
  fprintf(stderr, "classify: %s\n", what.c_str());
  exit(1);
}

static Image read_png(const std::string& path) {
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  Image image;
  if (!png_image_begin_read_from_file(&png, path.c_str())) fail(path + ": " + png.message);
  png.format = PNG_FORMAT_RGB;
  image.width = png.width, image.height = png.height;
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  if (!png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr)) fail(path + ": " + png.message);
  return image;
}

// The part of each pixel in one of `to` equal stretches of `from` pixels.
struct Stretch {
  int first;
  std::vector<float> parts;
};
static Stretch stretch(int i, int from, int to) {
  double begin = double(i) * from / to, end = double(i + 1) * from / to;
  Stretch s{int(begin), {}};
  for (int p = s.first; p < end - 1e-9 && p < from; p++)
    s.parts.push_back(float((std::min(end, p + 1.0) - std::max(begin, double(p))) / (end - begin)));
  return s;
}

static Image resize_area(const Image& in, int width, int height) {
  Image out{width, height, Bytes(width * height * 3)};
  for (int y = 0; y < height; y++) {
    Stretch rows = stretch(y, in.height, height);
    for (int x = 0; x < width; x++) {
      Stretch columns = stretch(x, in.width, width);
      float sum[3] = {};
      for (size_t r = 0; r < rows.parts.size(); r++)
        for (size_t c = 0; c < columns.parts.size(); c++)
          for (int k = 0; k < 3; k++) sum[k] += rows.parts[r] * columns.parts[c] * in.at(columns.first + c, rows.first + r)[k];
      for (int k = 0; k < 3; k++) out.pixels[(y * width + x) * 3 + k] = uint8_t(sum[k] + 0.5f);
    }
  }
  return out;
}

static Image resize_bilinear(const Image& in, int width, int height) {
  Image out{width, height, Bytes(width * height * 3)};
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      float v = std::max(0.0f, (y + 0.5f) * in.height / height - 0.5f), u = std::max(0.0f, (x + 0.5f) * in.width / width - 0.5f);
      int y0 = int(v), x0 = int(u), y1 = std::min(y0 + 1, in.height - 1), x1 = std::min(x0 + 1, in.width - 1);
      float dy = v - y0, dx = u - x0;
      for (int k = 0; k < 3; k++) {
        float top = in.at(x0, y0)[k] * (1 - dx) + in.at(x1, y0)[k] * dx, bottom = in.at(x0, y1)[k] * (1 - dx) + in.at(x1, y1)[k] * dx;
        out.pixels[(y * width + x) * 3 + k] = uint8_t(top * (1 - dy) + bottom * dy + 0.5f);
      }
    }
  return out;
}

static Image resize_nearest(const Image& in, int width, int height) {
  Image out{width, height, Bytes(width * height * 3)};
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) memcpy(&out.pixels[(y * width + x) * 3], in.at(x * in.width / width, y * in.height / height), 3);
  return out;
}

// A quarter turn clockwise.
static Image rotate(const Image& in) {
  Image out{in.height, in.width, Bytes(in.pixels.size())};
  for (int y = 0; y < out.height; y++)
    for (int x = 0; x < out.width; x++) memcpy(&out.pixels[(y * out.width + x) * 3], in.at(y, in.height - 1 - x), 3);
  return out;
}

static Image flip(const Image& in) {
  Image out = in;
  for (int y = 0; y < in.height; y++)
    for (int x = 0; x < in.width; x++) memcpy(&out.pixels[(y * in.width + x) * 3], in.at(in.width - 1 - x, y), 3);
  return out;
}

// The model's input, as real numbers.
static std::vector<float> preprocess(const Image& frame, const Family& family, int width, int height, const std::string& bug) {
  Image image = bug == "rotate" ? rotate(frame) : bug == "flip" ? flip(frame) : frame;
  image = bug == "resize" ? resize_bilinear(image, width, height) : bug == "nearest" ? resize_nearest(image, width, height) : resize_area(image, width, height);
  bool bgr = family.bgr != (bug == "bgr");
  std::vector<float> out(image.pixels.size());
  for (size_t i = 0; i < out.size(); i++) {
    size_t k = i % 3, plane = out.size() / 3;
    float v = image.pixels[i - k + (bgr ? 2 - k : k)];
    v = bug == "scale" ? v / 255 : bug == "raw" ? v : (v - family.mean[k]) / family.deviation[k];
    out[bug == "planes" ? k * plane + i / 3 : i] = v;
  }
  return out;
}

static void fill(TfLiteTensor* tensor, const std::vector<float>& values, const Image& small, const std::string& bug) {
  if (TfLiteTensorType(tensor) == kTfLiteFloat32) {
    TfLiteTensorCopyFromBuffer(tensor, values.data(), values.size() * sizeof(float));
    return;
  }
  TfLiteQuantizationParams q = TfLiteTensorQuantizationParams(tensor);
  if (bug == "quantization") q = {1.0f / 255, -128};
  std::vector<int8_t> out(values.size());
  for (size_t i = 0; i < out.size(); i++) out[i] = int8_t(std::clamp(std::lround(values[i] / q.scale) + q.zero_point, -128L, 127L));
  if (bug == "uint8") memcpy(out.data(), small.pixels.data(), out.size());
  TfLiteTensorCopyFromBuffer(tensor, out.data(), out.size());
}

static size_t best(const TfLiteTensor* tensor, size_t classes) {
  if (TfLiteTensorType(tensor) == kTfLiteFloat32) {
    auto* scores = static_cast<const float*>(TfLiteTensorData(tensor));
    return std::max_element(scores, scores + classes) - scores;
  }
  auto* scores = static_cast<const int8_t*>(TfLiteTensorData(tensor));
  return std::max_element(scores, scores + classes) - scores;
}

class Classifier {
 public:
  Classifier(const char* model, std::vector<std::string> labels) : labels_(std::move(labels)), model_(TfLiteModelCreateFromFile(model)) {
    if (!model_) fail(std::string(model) + ": it can't be read");
    TfLiteInterpreterOptions* options = TfLiteInterpreterOptionsCreate();
    interpreter_ = TfLiteInterpreterCreate(model_, options);
    TfLiteInterpreterOptionsDelete(options);
    if (!interpreter_ || TfLiteInterpreterAllocateTensors(interpreter_) != kTfLiteOk) fail("the interpreter refuses the model");
    const TfLiteTensor* scores = TfLiteInterpreterGetOutputTensor(interpreter_, 0);
    size_t classes = TfLiteTensorByteSize(scores) / (TfLiteTensorType(scores) == kTfLiteFloat32 ? sizeof(float) : 1);
    if (classes != labels_.size()) fail(std::to_string(labels_.size()) + " labels for " + std::to_string(classes) + " classes");
  }
  ~Classifier() {
    TfLiteInterpreterDelete(interpreter_);
    TfLiteModelDelete(model_);
  }
  const std::string& classify(const Image& frame, const Family& family, const std::string& bug) {
    TfLiteTensor* input = TfLiteInterpreterGetInputTensor(interpreter_, 0);
    int height = TfLiteTensorDim(input, 1), width = TfLiteTensorDim(input, 2);
    fill(input, preprocess(frame, family, width, height, bug), bug == "uint8" ? resize_area(frame, width, height) : frame, bug);
    if (TfLiteInterpreterInvoke(interpreter_) != kTfLiteOk) fail("the model doesn't run");
    return labels_[best(TfLiteInterpreterGetOutputTensor(interpreter_, 0), labels_.size())];
  }

 private:
  std::vector<std::string> labels_;
  TfLiteModel* model_;
  TfLiteInterpreter* interpreter_;
};

// The frames of a folder, the classes in turns, or of a camera.
class Source {
 public:
  explicit Source(const std::string& folder) : camera_(folder == "camera") {
    if (camera_) return;
    for (auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".png") paths_.push_back(entry.path());
    std::sort(paths_.begin(), paths_.end(), [](auto& a, auto& b) { return a.filename() < b.filename(); });
    if (paths_.empty()) fail(folder + ": it has no PNG files");
  }
  bool next(Image* frame, std::string* label) {
    if (camera_) {
      *frame = Image{192, 144, Bytes(192 * 144 * 3)};
      return edgexray_replay("camera", frame->pixels.data(), frame->pixels.size());
    }
    if (at_ == paths_.size()) return false;
    *frame = read_png(paths_[at_]);
    *label = paths_[at_++].parent_path().filename();
    return true;
  }

 private:
  bool camera_;
  std::vector<fs::path> paths_;
  size_t at_ = 0;
};

int main(int argc, char** argv) {
  std::string family_name = "mobilenet", bug = "none";
  int count = INT32_MAX, seen = 0, right = 0;
  if (argc < 4) fail("usage: classify MODEL LABELS FOLDER|camera [--family NAME] [--bug NAME] [--count N]");
  for (int i = 4; i + 1 < argc; i += 2) {
    std::string flag = argv[i];
    if (flag == "--family") family_name = argv[i + 1];
    else if (flag == "--bug") bug = argv[i + 1];
    else if (flag == "--count") count = atoi(argv[i + 1]);
    else fail(flag + ": there is no such flag");
  }
  auto family = std::find_if(std::begin(families), std::end(families), [&](auto& f) { return f.name == family_name; });
  if (family == std::end(families)) fail(family_name + ": there is no such family (mobilenet, inception, resnet, densenet)");
  if (!bugs.count(bug)) fail(bug + ": there is no such bug");

  std::vector<std::string> labels;
  std::ifstream file(argv[2]);
  for (std::string line; std::getline(file, line);) labels.push_back(line);

  Classifier classifier(argv[1], labels);
  Source source(argv[3]);
  Image frame;
  std::string label;
  for (; seen < count && source.next(&frame, &label); seen++) {
    edgexray_frame_begin();
    edgexray_image("camera", frame.pixels.data(), frame.width, frame.height, 0, EDGEXRAY_RGB);
    if (!label.empty()) edgexray_label(label.c_str());
    const std::string& result = classifier.classify(frame, *family, bug);
    edgexray_result("class", result.c_str());
    edgexray_frame_end();
    right += result == label;
    printf("%s %s\n", label.empty() ? "-" : label.c_str(), result.c_str());
  }
  printf("right: %d of %d\n", right, seen);
}
