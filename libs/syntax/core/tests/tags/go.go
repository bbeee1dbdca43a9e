package shapes

import "fmt"

const Limit = 10
const (
	red Color = iota
	Green
)

var counter, Total int

type Color int
type Alias = map[string]Shape

type Shape struct {
	Name string
	x, y int
	*Base
}

type Drawer interface {
	Draw(target *Canvas) error
	fmt.Stringer
}

type List[T any] struct{ items []T }

func New(name string) *Shape {
	local := 1
	var other = local
	const inner = 2
	return &Shape{Name: name}
}

func (s *Shape) Draw(target *Canvas) error {
	func() { var ignored int }()
	return target.Paint(s.Name, Limit)
}

func (s Shape) area() int { return s.x * s.y }

func (l *List[T]) Push(item T) {}
