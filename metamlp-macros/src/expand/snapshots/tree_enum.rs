#[derive(Tree)]
enum State {
    Empty,
    Moments { mean: Tensor, var: Tensor },
    Raw(Tensor, #[tree(static)] String),
}

// ---------------------------------------- becomes

#[automatically_derived]
impl ::metamlp::__private::Tree for State {
    fn visit(&self, visitor: &mut dyn ::metamlp::__private::TreeVisitor) {
        match self {
            Self::Empty {} => {
                visitor.static_value(&"Empty");
            }
            Self::Moments { mean: part_mean, var: part_var } => {
                visitor.static_value(&"Moments");
                visitor.part(::metamlp::__private::Segment::Name("mean"), part_mean);
                visitor.part(::metamlp::__private::Segment::Name("var"), part_var);
            }
            Self::Raw { 0: part_0, 1: part_1 } => {
                visitor.static_value(&"Raw");
                visitor.part(::metamlp::__private::Segment::Index(0usize), part_0);
                {
                    use ::metamlp::__private::VisitStatic as _;
                    (&::metamlp::__private::StaticField(part_1))
                        .visit(&mut |part| visitor.static_part(part));
                }
            }
        }
    }
    fn map(
        &self,
        replace: &mut dyn ::core::ops::FnMut(
            &::metamlp::__private::Tensor,
        ) -> ::metamlp::__private::Tensor,
    ) -> Self {
        match self {
            Self::Empty {} => Self::Empty {},
            Self::Moments { mean: part_mean, var: part_var } => {
                Self::Moments {
                    mean: ::metamlp::__private::Tree::map(part_mean, replace),
                    var: ::metamlp::__private::Tree::map(part_var, replace),
                }
            }
            Self::Raw { 0: part_0, 1: part_1 } => {
                Self::Raw {
                    0: ::metamlp::__private::Tree::map(part_0, replace),
                    1: ::core::clone::Clone::clone(part_1),
                }
            }
        }
    }
}
