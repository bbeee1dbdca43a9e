; Python 3.

(function_definition name: (identifier) @name) @definition.function
(class_definition name: (identifier) @name) @definition.class
(type_alias_statement left: (type (identifier) @name)) @definition.typeParameter

; Assignments of modules and classes; UPPER_CASE ones are constants.
(expression_statement (assignment left: (identifier) @name) @definition.variable)
(expression_statement
  (assignment left: (pattern_list (identifier) @name @definition.variable)))

; self.name = ... in a method
(expression_statement
  (assignment
    left: (attribute object: (identifier) @_self attribute: (identifier) @name)
    (#eq? @_self "self")) @definition.field)

; Names that are used

(identifier) @reference
