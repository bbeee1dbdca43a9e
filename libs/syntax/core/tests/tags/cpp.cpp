#include <string>

#define VERSION "1"

namespace ui {
namespace detail { int helper(); }

template <typename T>
class Shape : public Base {
    int secret;
public:
    static const int limit = 4;
    Shape(std::string name);
    virtual ~Shape();
    Shape& operator=(const Shape& other);
    std::string name() const { return name_; }
    T* data();
    enum class Mode { Fast, Slow };
protected:
    std::string name_;
private:
    void hide() {}
};

struct Point {
    double x = 0, y = 0;
    bool operator==(const Point& other) const;
};

using Names = std::vector<std::string>;
typedef unsigned int uint;
template <typename T> concept Drawable = requires(T t) { t.draw(); };

void Canvas::draw(const Point& at) { auto run = [] { int local = 1; }; paint(at.x); }
Canvas::Canvas(int size) : size_(size) {}
Canvas::~Canvas() {}
static int file_local() { int local = 0; return local; }
}

int* ui::Canvas::pixels() { return nullptr; }
std::ostream& operator<<(std::ostream& out, const ui::Point& point);
constexpr int LIMIT = 3;
int main() { return ui::detail::helper(); }
