/*
 * Allocates as C++ programs do, deterministically: new, new[], containers, shared_ptr. The books are
 * kept by replaced operators new and delete over malloc, in blocks and words of 4 bytes.
 */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace {

uint64_t blocks, words, live_blocks, live_words;

/* Before each block stands its size, which is part of what is asked of malloc. */
struct alignas(16) Header {
  size_t bytes;
};

uint64_t words_of(size_t bytes) { return (uint64_t(bytes) + 3) / 4; }

void *take(size_t bytes) {
  bytes += sizeof(Header);
  auto *header = static_cast<Header *>(malloc(bytes)); /* site: malloc */
  if (!header) abort();
  header->bytes = bytes;
  blocks++;
  words += words_of(bytes);
  live_blocks++;
  live_words += words_of(bytes);
  return header + 1;
}

void give(void *block) {
  if (!block) return;
  auto *header = static_cast<Header *>(block) - 1;
  live_blocks--;
  live_words -= words_of(header->bytes);
  free(header);
}

uint32_t state = 521288629u;

/* Marsaglia's xorshift of 32 bits. */
uint32_t draw(uint32_t bound) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % bound;
}

}  // namespace

void *operator new(size_t bytes) { return take(bytes); }
void *operator new[](size_t bytes) { return take(bytes); }
void operator delete(void *block) noexcept { give(block); }
void operator delete[](void *block) noexcept { give(block); }
void operator delete(void *block, size_t) noexcept { give(block); }
void operator delete[](void *block, size_t) noexcept { give(block); }

namespace zoo {

struct Animal {
  virtual ~Animal() = default;
  std::string name;
  std::vector<int> days;
};

struct Cat : Animal {};

class Keeper {
 public:
  [[gnu::noinline]] void adopt(uint32_t id) {
    auto cat = std::make_shared<Cat>(); /* site: cat */
    cat->name = "cat number " + std::to_string(id + 1000000);
    for (uint32_t i = draw(30); i > 0; i--) cat->days.push_back(int(i)); /* site: days */
    cats_[id % 500] = cat;
  }

  [[gnu::noinline]] void release(uint32_t id) { cats_.erase(id % 500); }

  [[gnu::noinline]] void measure(uint32_t count) {
    std::unique_ptr<double[]> weights(new double[count]); /* site: weights */
    weights[count - 1] = 1;
    if (*static_cast<volatile double *>(&weights[count - 1]) != 1) abort();
  }

 private:
  std::map<uint32_t, std::shared_ptr<Animal>> cats_;
};

}  // namespace zoo

/* Without arguments, or libc would allocate for them; the keeper is never destroyed. */
int main() {
  auto *keeper = new zoo::Keeper;
  for (uint32_t i = 0; i < 5000; i++) {
    switch (draw(4)) {
      case 0: keeper->release(draw(5000)); break;
      case 1: keeper->measure(1 + draw(100)); break;
      default: keeper->adopt(draw(5000));
    }
  }
  printf("allocated %llu blocks, %llu words; live %llu blocks, %llu words\n",
         (unsigned long long)blocks, (unsigned long long)words, (unsigned long long)live_blocks,
         (unsigned long long)live_words);
  return 0;
}
