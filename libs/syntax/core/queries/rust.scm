; Rust.

; Functions; those of traits and implementations are methods.
(function_item name: (identifier) @name) @definition.function
(function_signature_item name: (identifier) @name) @definition.function
(macro_definition name: (identifier) @name) @definition.function @exported

; Types
(struct_item name: (type_identifier) @name) @definition.struct
(union_item name: (type_identifier) @name) @definition.struct
(field_declaration name: (field_identifier) @name) @definition.field
(enum_item name: (type_identifier) @name) @definition.enum
(enum_variant name: (identifier) @name) @definition.enumMember
(trait_item name: (type_identifier) @name) @definition.interface
(type_item name: (type_identifier) @name) @definition.typeParameter
(associated_type name: (type_identifier) @name) @definition.typeParameter

; Modules with a body; others are files of their own.
(mod_item name: (identifier) @name body: (_)) @definition.module

(const_item name: (identifier) @name) @definition.constant
(static_item name: (identifier) @name) @definition.variable

; impl Trait for Type
(impl_item
  trait: (_)
  type: [
    (type_identifier) @name
    (generic_type type: (type_identifier) @name)
    (generic_type type: (scoped_type_identifier name: (type_identifier) @name))
    (scoped_type_identifier name: (type_identifier) @name)
    (reference_type type: (type_identifier) @name)
    (primitive_type) @name
  ]) @scope.public

; impl Type
(impl_item
  type: [
    (type_identifier) @name
    (generic_type type: (type_identifier) @name)
    (scoped_type_identifier name: (type_identifier) @name)
  ]) @scope

; Any other implementation, such as that of tuples, still makes methods.
(impl_item) @scope.public

(closure_expression) @local

; Names that are used

[
  (identifier)
  (type_identifier)
  (field_identifier)
  (shorthand_field_identifier)
] @reference
