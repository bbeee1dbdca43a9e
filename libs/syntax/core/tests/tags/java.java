package shapes;

import java.util.List;

/** A shape. */
@Deprecated
public abstract class Shape<T> extends Base implements Drawn {
    public static final int LIMIT = 10;
    private String name, label;

    public Shape(String name) {
        this.name = name;
    }

    @Override
    @SuppressWarnings({"a", ")"})
    public List<T> draw(Canvas target, int... sizes) throws IOException {
        int local = 1;
        Runnable run = () -> target.paint(local);
        return target.draw(this);
    }

    private void hidden() {}

    abstract int area();

    enum Color { RED, GREEN { int code() { return 1; } }; int code() { return 0; } }

    interface Drawn { int DEPTH = 1; void draw(); }

    record Point(int x, int y) {
        Point { check(x); }
        static Point origin() { return new Point(0, 0); }
    }

    @interface Marked { String value() default ""; }
}
