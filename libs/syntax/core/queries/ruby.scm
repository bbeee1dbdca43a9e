; Ruby.

(method name: (_) @name) @definition.function
(singleton_method name: (_) @name) @definition.function
(alias name: (identifier) @name) @definition.function

; class Shape, class Ui::Shape
(class
  name: [
    (constant) @name
    (scope_resolution scope: (_) @container name: (constant) @name)
    (scope_resolution name: (constant) @name)
  ]) @definition.class
(module
  name: [
    (constant) @name
    (scope_resolution scope: (_) @container name: (constant) @name)
    (scope_resolution name: (constant) @name)
  ]) @definition.module

; class << self
(singleton_class) @scope

(assignment left: (constant) @name) @definition.constant

; attr_reader :name
(call
  method: (identifier) @_attribute
  arguments: (argument_list (simple_symbol) @name @definition.property)
  (#any-of? @_attribute "attr_reader" "attr_writer" "attr_accessor"))

; `private` by itself
(body_statement (identifier) @access (#any-of? @access "private" "protected" "public"))

; Names that are used

[
  (identifier)
  (constant)
] @reference
