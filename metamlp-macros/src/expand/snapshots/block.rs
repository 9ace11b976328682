#[compact]
impl AutoEncoder {
    /// Encodes and decodes.
    pub fn call(&self, x: &Tensor) -> Tensor {
        self.decode(&self.encode(x))
    }

    fn encode(&self, x: &Tensor) -> Tensor {
        if self.width == 0 {
            return x.clone();
        }
        self.encoder.call(x)
    }

    fn decode(&self, z: &Tensor) -> Tensor {
        self.decoder.call(z)
    }

    fn report(&self) {
        self.sow("intermediates", "width", &Tensor::scalar(self.width));
    }

    #[nowrap]
    pub fn width(&self) -> usize {
        self.width
    }

    pub fn small() -> Self {
        Self::new(3)
    }
}

// ---------------------------------------- becomes

impl AutoEncoder {
    /// Encodes and decodes.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        ::metamlp::__private::Call::new(
                self,
                "call",
                |inputs| {
                    inputs.add("x", ::metamlp::__private::Probe::new(x).entry());
                },
            )
            .run(
                move |given| -> Tensor {
                    let mut place = ::metamlp::__private::Probe::new(x).place();
                    let x = ::metamlp::__private::Probe::new(x)
                        .given("x", given, x, &mut place);
                    #[allow(unused_braces)] { self.decode(&self.encode(x)) }
                },
                |output| ::metamlp::__private::Probe::new(output).output(),
            )
    }
    #[track_caller]
    fn encode(&self, x: &Tensor) -> Tensor {
        ::metamlp::__private::Call::new(
                self,
                "encode",
                |inputs| {
                    inputs.add("x", ::metamlp::__private::Probe::new(x).entry());
                },
            )
            .run(
                move |given| -> Tensor {
                    let mut place = ::metamlp::__private::Probe::new(x).place();
                    let x = ::metamlp::__private::Probe::new(x)
                        .given("x", given, x, &mut place);
                    #[allow(unused_braces)]
                    {
                        if self.width == 0 {
                            return x.clone();
                        }
                        self.encoder.call(x)
                    }
                },
                |output| ::metamlp::__private::Probe::new(output).output(),
            )
    }
    #[track_caller]
    fn decode(&self, z: &Tensor) -> Tensor {
        ::metamlp::__private::Call::new(
                self,
                "decode",
                |inputs| {
                    inputs.add("z", ::metamlp::__private::Probe::new(z).entry());
                },
            )
            .run(
                move |given| -> Tensor {
                    let mut place = ::metamlp::__private::Probe::new(z).place();
                    let z = ::metamlp::__private::Probe::new(z)
                        .given("z", given, z, &mut place);
                    #[allow(unused_braces)] { self.decoder.call(z) }
                },
                |output| ::metamlp::__private::Probe::new(output).output(),
            )
    }
    #[track_caller]
    fn report(&self) {
        ::metamlp::__private::Call::new(self, "report", |_| {})
            .run(
                move |_| -> () {
                    self.sow("intermediates", "width", &Tensor::scalar(self.width));
                },
                |_| ::metamlp::__private::Seen::loan(::core::option::Option::None),
            )
    }
    pub fn width(&self) -> usize {
        self.width
    }
    pub fn small() -> Self {
        Self::new(3)
    }
}
impl ::metamlp::__private::Methods for AutoEncoder {
    fn methods(&self) -> &'static [::metamlp::__private::Method] {
        const METHODS: &[::metamlp::__private::Method] = &[
            ::metamlp::__private::Method::new("call", &[("x", "&Tensor")], "Tensor"),
            ::metamlp::__private::Method::new("encode", &[("x", "&Tensor")], "Tensor"),
            ::metamlp::__private::Method::new("decode", &[("z", "&Tensor")], "Tensor"),
            ::metamlp::__private::Method::new("report", &[], ""),
        ];
        METHODS
    }
    #[track_caller]
    fn run(
        &self,
        given: &::metamlp::__private::BoundArguments<'_>,
    ) -> ::metamlp::__private::Invoked {
        ::core::result::Result::Ok(
            match given.method() {
                "call" => {
                    ::metamlp::__private::Probe::new(
                            &self
                                .call(
                                    ::metamlp::__private::Parameter::<Tensor>::new(given, "x")
                                        .lend()?,
                                ),
                        )
                        .entry()
                }
                "encode" => {
                    ::metamlp::__private::Probe::new(
                            &self
                                .encode(
                                    ::metamlp::__private::Parameter::<Tensor>::new(given, "x")
                                        .lend()?,
                                ),
                        )
                        .entry()
                }
                "decode" => {
                    ::metamlp::__private::Probe::new(
                            &self
                                .decode(
                                    ::metamlp::__private::Parameter::<Tensor>::new(given, "z")
                                        .lend()?,
                                ),
                        )
                        .entry()
                }
                "report" => {
                    self.report();
                    ::core::option::Option::Some(
                        ::metamlp::__private::Entry::Tuple(
                            ::core::default::Default::default(),
                        ),
                    )
                }
                _ => ::core::option::Option::None,
            },
        )
    }
}
