//! The page about errors shows the real messages. A place in this file is written
//! on the page as one in `src/model.rs`.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use metamlp::checkpoint::{load_safetensors, save_safetensors};
use metamlp::lift::map_variables;
use metamlp::prelude::*;
use metamlp::{Error, make_rng, param, share_scope, tensor, variable};
use metamlp::{Map, Scope};

/// The errors under the headings of the page, in its order.
fn errors() -> Vec<(&'static str, Error)> {
    vec![
        ("ParamShape", param_shape()),
        ("CollectionNotFound", collection_not_found()),
        ("VariableNotFound", variable_not_found()),
        ("WrongKind", wrong_kind()),
        ("ImmutableCollection", immutable_collection()),
        ("LiftedReadOnly", lifted_read_only()),
        ("MutableInApply", mutable_in_apply()),
        ("UnknownMutable", unknown_mutable()),
        ("MissingRng", missing_rng()),
        ("InitializerShape", initializer_shape()),
        ("LazyInit", lazy_init()),
        ("NameInUse", name_in_use()),
        ("InvalidName", invalid_name()),
        ("SharedByMethods", shared_by_methods()),
        ("ShareScope", share_scope_late()),
        ("Invoke", invoke()),
        ("NotATensor", not_a_tensor()),
        ("EmptySequential", empty_sequential()),
        ("OutsideScope", outside_scope()),
        ("EndedScope", ended_scope()),
        ("OutsideMethod", outside_method()),
        ("NotAField", not_a_field()),
        ("Checkpoint", checkpoint()),
        ("Tensor", in_a_tensor(|| Tensor::ones([2, 3], F32).matmul(&Tensor::ones([4], F32)))),
        ("Shape", in_a_tensor(|| Tensor::ones([2, 3], F32) + Tensor::ones([4], F32))),
        ("DType", in_a_tensor(|| Tensor::ones([3], F32).and(Tensor::ones([3], F32)))),
        ("Argument", in_a_tensor(|| Tensor::ones([2, 3], F32).sum([2]))),
        ("NoValue", reading(|| Tensor::spec([2, 3], F32).to_vec::<f32>())),
        ("OutOfMemory", reading(|| Tensor::zeros([1 << 46], F32).to_vec::<f32>())),
        ("ElementType", reading(|| Tensor::ones([2, 3], F32).to_vec::<f64>())),
        ("NotAScalar", not_a_scalar()),
        ("TreeMismatch", tree_mismatch()),
        ("Other", outside_scope()),
    ]
}

fn x(features: usize) -> Tensor {
    Tensor::ones([4, features], F32)
}

#[compact]
fn foo(x: &Tensor) -> Tensor {
    let x = Dense::new(16).call(x);
    Dense::new(1).call(&x)
}

fn variables() -> Variables {
    foo().init(Key::new(0), |m| m.call(&x(7))).unwrap()
}

fn param_shape() -> Error {
    foo().apply(&variables(), (), |m| m.call(&x(8))).unwrap_err()
}

fn collection_not_found() -> Error {
    let misspelt = Variables::new().with("param", variables().params().clone());
    foo().apply(&misspelt, (), |m| m.call(&x(7))).unwrap_err()
}

fn variable_not_found() -> Error {
    let dense = Map::new().with("kernal", x(7)).with("bias", x(7));
    let params = Map::new().with("Dense_0", dense);
    foo().apply(&Variables::from_params(params), (), |m| m.call(&x(7))).unwrap_err()
}

fn wrong_kind() -> Error {
    let params = Map::new().with("Dense_0", Map::new().with("kernel", Map::new()));
    foo().apply(&Variables::from_params(params), (), |m| m.call(&x(7))).unwrap_err()
}

#[compact]
fn normalised(x: &Tensor) -> Tensor {
    BatchNorm::new().use_running_average(false).call(x)
}

fn immutable_collection() -> Error {
    let variables = normalised().init(Key::new(0), |m| m.call(&x(7))).unwrap();
    let options = Options::new().mutable(["batch_stat"]);
    normalised().apply_mut(&variables, options, |m| m.call(&x(7))).unwrap_err()
}

fn lifted_read_only() -> Error {
    #[compact]
    fn foo(x: &Tensor) -> Tensor {
        let dense = Dense::new(1);
        map_variables("params").run(&dense, |dense| dense.put_variable("params", "seen", x));
        x.clone()
    }
    foo().init(Key::new(0), |m| m.call(&x(7))).unwrap_err()
}

fn mutable_in_apply() -> Error {
    normalised()
        .apply(&Variables::new(), Options::new().mutable("batch_stats"), |m| m.call(&x(7)))
        .unwrap_err()
}

fn unknown_mutable() -> Error {
    foo().apply_mut(&variables(), Options::new().mutable("parms"), |m| m.call(&x(7))).unwrap_err()
}

fn missing_rng() -> Error {
    #[compact]
    fn noisy(x: &Tensor) -> Tensor {
        x + random::normal(make_rng("noise"), x.shape())
    }
    let options = Options::new().rng("nosie", Key::new(0));
    noisy().apply(&Variables::new(), options, |m| m.call(&x(7))).unwrap_err()
}

fn initializer_shape() -> Error {
    #[compact]
    fn foo(x: &Tensor) -> Tensor {
        let row = Initializer::new(|_, shape, dtype| Tensor::zeros(&shape[..1], dtype));
        x.matmul(&param("w", row, [7, 2]))
    }
    foo().init(Key::new(0), |m| m.call(&x(7))).unwrap_err()
}

fn lazy_init() -> Error {
    #[compact]
    fn centred(x: &Tensor) -> Tensor {
        x - variable("stats", "mean", || x.mean([0])).get()
    }
    centred().init((), |m| m.call(&Tensor::spec([8, 4], F32))).unwrap_err()
}

fn name_in_use() -> Error {
    #[compact]
    fn foo(x: &Tensor) -> Tensor {
        let w = param("w", initializers::ones(), [7]);
        Dense::new(3).named("w").call(&(x * w))
    }
    foo().init(Key::new(0), |m| m.call(&x(7))).unwrap_err()
}

fn invalid_name() -> Error {
    #[compact]
    fn foo(x: &Tensor) -> Tensor {
        Dense::new(3).named("a/b").call(x)
    }
    foo().init(Key::new(0), |m| m.call(&x(7))).unwrap_err()
}

#[module]
struct TwoMethods {}

#[compact]
impl TwoMethods {
    fn encode(&self, x: &Tensor) -> Tensor {
        Dense::new(2).call(x)
    }

    fn decode(&self, x: &Tensor) -> Tensor {
        Dense::new(7).call(x)
    }
}

fn shared_by_methods() -> Error {
    TwoMethods::new().init(Key::new(0), |m| m.decode(&m.encode(&x(7)))).unwrap_err()
}

fn share_scope_late() -> Error {
    #[compact]
    fn late(x: &Tensor) -> Tensor {
        let dense = Dense::new(7);
        let y = dense.call(x);
        share_scope(&dense);
        y
    }
    late().init(Key::new(0), |m| m.call(&x(7))).unwrap_err()
}

#[module]
struct AutoEncoder {
    encoder: Dense,
}

#[compact]
impl AutoEncoder {
    fn call(&self, x: &Tensor) -> Tensor {
        self.encode(x, true).0
    }

    fn encode(&self, x: &Tensor, train: bool) -> (Tensor, Tensor) {
        let z = self.encoder.call(x);
        (z.clone(), if train { z } else { x.clone() })
    }
}

fn invoke() -> Error {
    AutoEncoder::new(Dense::new(2)).init(Key::new(0), |m| m.invoke("encod", args![&x(7), true])).unwrap_err()
}

fn not_a_tensor() -> Error {
    let model = AutoEncoder::new(Dense::new(2));
    model.init(Key::new(0), |m| m.invoke("encode", args![&x(7), true]).into_tensor()).unwrap_err()
}

fn empty_sequential() -> Error {
    Sequential::new().init(Key::new(0), |m| m.call(&x(7))).unwrap_err()
}

fn outside_scope() -> Error {
    foo().call(&x(7)).evaluate().unwrap_err().into()
}

fn ended_scope() -> Error {
    #[compact]
    fn careless(kept: &Mutex<Option<Scope>>) {
        *kept.lock().unwrap() = Some(Scope::current());
    }
    let kept = Mutex::default();
    careless().init((), |m| m.call(&kept)).unwrap();
    let scope = kept.into_inner().unwrap().unwrap();
    scope.param("w", initializers::ones(), [3]).evaluate().unwrap_err().into()
}

fn outside_method() -> Error {
    foo().init(Key::new(0), |_| Dense::new(2).call(&x(7))).unwrap_err()
}

/// Not a module, so that the modules in it are in no field.
#[derive(Clone, Debug)]
struct Held(Dense);

#[module]
struct Holder {
    held: Held,
}

fn not_a_field() -> Error {
    let holder = Holder::new(Held(Dense::new(2)));
    holder.bind(&Variables::new(), ()).at(|m| &m.held.0).unwrap_err()
}

fn checkpoint() -> Error {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("model.safetensors");
    save_safetensors(&path, &Map::new().with("Dense_0", Map::new().with("kernal", x(7)))).unwrap();
    load_safetensors(&path, &Map::new().with("Dense_0", Map::new().with("kernel", x(7)))).unwrap_err()
}

fn in_a_tensor(f: impl Fn() -> Tensor) -> Error {
    f().evaluate().unwrap_err().into()
}

fn reading<T>(f: impl FnOnce() -> tensor::Result<T>) -> Error {
    f().map(drop).unwrap_err().into()
}

fn not_a_scalar() -> Error {
    grad(&x(7), |x| Ok(x.square())).unwrap_err().into()
}

fn tree_mismatch() -> Error {
    let grads = Map::new().with("w", x(7));
    optim::apply_updates(&Map::new().with("w", x(7)).with("b", x(7)), &grads).unwrap_err().into()
}

/// The headings of the page and the message under each.
fn told(page: &str) -> Vec<(String, String)> {
    let headed = page.split("\n### `").skip(1);
    let told = headed.map(|part| {
        let (name, rest) = part.split_once("`\n").unwrap();
        let (_, message) = rest.split_once("```text\n").unwrap();
        (name.to_owned(), placeless(message.split_once("\n```").unwrap().0))
    });
    told.collect()
}

/// The message with file names only: no lines and no folders.
fn placeless(message: &str) -> String {
    let mut files = message
        .replace(file!(), "model.rs")
        .replace("src/model.rs", "model.rs")
        .replace("src/main.rs", "model.rs")
        .replace(concat!(env!("CARGO_TARGET_TMPDIR"), "/"), "");
    while let Some(at) = files.find(".rs:") {
        let line = files[at + 4..].find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        files.replace_range(at..at + 4 + line, ".rs");
    }
    files
}

#[test]
fn the_page_tells_every_message_as_it_is() {
    let page = fs::read_to_string("docs/guide/errors.md").unwrap();
    let told = told(&page);
    for ((name, message), (heading, shown)) in errors().iter().zip(&told) {
        assert_eq!((*name, placeless(&message.to_string())), (&**heading, shown.clone()));
    }
    assert_eq!(told.len(), errors().len());
}

#[test]
fn the_page_tells_every_variant() {
    let shown: Vec<_> = errors().iter().map(|(name, _)| *name).collect();
    for source in ["metamlp-core/src/error.rs", "metamlp-tensor/src/error.rs"] {
        let source = fs::read_to_string(source).unwrap();
        let (_, variants) = source.split_once("pub enum Error {\n").unwrap();
        let (variants, _) = variants.split_once("\n}\n").unwrap();
        for line in variants.lines().filter_map(|line| line.strip_prefix("    ")) {
            let name = line.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
            if name.starts_with(|c: char| c.is_ascii_uppercase()) {
                assert!(shown.contains(&name), "docs/guide/errors.md and this test lack `{name}`");
            }
        }
    }
}

#[test]
fn the_page_shows_a_message_of_the_compiler_as_it_is() {
    let page = fs::read_to_string("docs/guide/errors.md").unwrap();
    let message = fs::read_to_string("tests/ui/module_tuple_struct.stderr").unwrap();
    assert!(page.contains(&message));
}
