// Allocates, calls itself, is inlined: compiled without a library, so that the file stays small.
static char heap[4096];
static unsigned used;

__attribute__((noinline)) void *allocate(unsigned bytes) {
  void *block = heap + used;
  used += bytes;
  return block;
}

struct node { struct node *left, *right; int key; };

static inline struct node *make(int key) {
  struct node *made = allocate(sizeof(struct node));
  made->key = key;
  return made;
}

static struct node *insert(struct node *at, int key) {
  if (!at) return make(key);
  if (key < at->key) at->left = insert(at->left, key);
  else at->right = insert(at->right, key);
  return at;
}

int sum(struct node *at) { return at ? sum(at->left) + at->key + sum(at->right) : 0; }

__attribute__((export_name("run"))) int run(int count) {
  struct node *root = make(0);
  for (int i = 1; i < count; i++) root = insert(root, i * 7 % count);
  return sum(root);
}
