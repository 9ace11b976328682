#[derive(Tree)]
struct Batch<T> {
    images: Tensor,
    labels: T,
    #[tree(static)]
    seed: u64,
}

// ---------------------------------------- becomes

#[automatically_derived]
impl<T: ::metamlp::__private::Tree> ::metamlp::__private::Tree for Batch<T> {
    fn visit(&self, visitor: &mut dyn ::metamlp::__private::TreeVisitor) {
        visitor.part(::metamlp::__private::Segment::Name("images"), &self.images);
        visitor.part(::metamlp::__private::Segment::Name("labels"), &self.labels);
        {
            use ::metamlp::__private::VisitStatic as _;
            (&::metamlp::__private::StaticField(&self.seed))
                .visit(&mut |part| visitor.static_part(part));
        }
    }
    fn map(
        &self,
        replace: &mut dyn ::core::ops::FnMut(
            &::metamlp::__private::Tensor,
        ) -> ::metamlp::__private::Tensor,
    ) -> Self {
        Self {
            images: ::metamlp::__private::Tree::map(&self.images, replace),
            labels: ::metamlp::__private::Tree::map(&self.labels, replace),
            seed: ::core::clone::Clone::clone(&self.seed),
        }
    }
}
