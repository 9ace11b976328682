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
        ::metamlp::__private::enter(
            self,
            "call",
            move || -> Tensor { self.decode(&self.encode(x)) },
            |output| ::metamlp::__private::Probe::new(output).entry(),
        )
    }
    #[track_caller]
    fn encode(&self, x: &Tensor) -> Tensor {
        ::metamlp::__private::enter(
            self,
            "encode",
            move || -> Tensor {
                if self.width == 0 {
                    return x.clone();
                }
                self.encoder.call(x)
            },
            |output| ::metamlp::__private::Probe::new(output).entry(),
        )
    }
    #[track_caller]
    fn decode(&self, z: &Tensor) -> Tensor {
        ::metamlp::__private::enter(
            self,
            "decode",
            move || -> Tensor { self.decoder.call(z) },
            |output| ::metamlp::__private::Probe::new(output).entry(),
        )
    }
    #[track_caller]
    fn report(&self) {
        ::metamlp::__private::enter(
            self,
            "report",
            move || -> () {
                self.sow("intermediates", "width", &Tensor::scalar(self.width));
            },
            |_| ::core::option::Option::None,
        )
    }
    pub fn width(&self) -> usize {
        self.width
    }
    pub fn small() -> Self {
        Self::new(3)
    }
}
