require 'json'

module Ui
  LIMIT = 10

  class Shape < Base
    include Drawn
    attr_reader :name, :size
    attr_accessor :color

    def initialize(name, size: 1)
      @name = name
      local = 1
    end

    def draw(canvas) = canvas.paint(self)

    def self.create(*args)
      new(*args)
    end

    class << self
      def build; end
    end

    def ==(other)
      name == other.name
    end

    private

    def hidden?
      LIMIT > size
    end
  end

  module_function

  def helper; end
end

class Ui::Circle
  private def radius
    1
  end
  alias area radius
end

def top_level(a,
              b)
  Ui::Shape.create(a)
end
