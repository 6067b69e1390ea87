// Namespaces, templates, lambdas and virtual calls, compiled without a library.
extern "C" void note(int);

namespace shop {
template <class Item, int count>
struct Shelf {
  Item items[count];
  template <class Visit> int each(Visit visit) const {
    int total = 0;
    for (const Item &item : items) total += visit(item);
    return total;
  }
};

namespace {
struct Sale {
  int price;
  int cost() const { note(price); return price / 2; }
};
}  // namespace

struct Shape {
  virtual int area() const = 0;
};
struct Square : Shape {
  int side;
  explicit Square(int side) : side(side) { note(side); }
  int area() const override { note(side); return side * side; }
};
}  // namespace shop

__attribute__((noinline)) int area(const shop::Shape &shape) { return shape.area(); }

extern "C" __attribute__((export_name("run"))) int run(int price) {
  shop::Shelf<shop::Sale, 3> shelf = {{{price}, {2 * price}, {3 * price}}};
  int extra = area(shop::Square(price));
  return shelf.each([&](const shop::Sale &sale) { return sale.cost() + extra; });
}
