//! `tabulate` and `module_paths`. Ported tests have Flax's names.

use std::collections::BTreeMap;

use metamlp::prelude::*;
use metamlp::summary::{Row, Table};
use metamlp::tensor::statistics::{compiled_plans, executed_nodes};

// The models whose tables Flax printed.

#[module]
struct Block {
    features: usize,
}

#[compact]
impl Block {
    fn call(&self, x: &Tensor) -> Tensor {
        let hidden = Dense::new(self.features).call(x).sin();
        x + Dense::new(x.shape()[1]).call(&hidden)
    }
}

#[compact]
fn nested(x: &Tensor) -> Tensor {
    let x = Block::new(32).call(x);
    let x = Block::new(400).call(&x);
    Dense::new(10).named("head").call(&x)
}

#[derive(Clone, Tree)]
struct Outputs {
    x: Tensor,
    y: (Tensor, Tensor),
}

#[compact]
fn shared(x: &Tensor, y: &Tensor) -> Outputs {
    let dense = Dense::new(6);
    let block = Block::new(8);
    Outputs { x: block.call(&dense.call(x)), y: (block.call(&dense.call(y)), dense.call(y)) }
}

#[compact]
fn normalised(x: &Tensor) -> Tensor {
    let x = Dense::new(4).call(x);
    let x = BatchNorm::new().use_running_average(false).call(&x);
    Dense::new(2).call(&x)
}

fn spec(shape: impl AsRef<[usize]>) -> Tensor {
    Tensor::spec(shape, F32)
}

fn nested_table() -> Table {
    nested().tabulate(Key::new(0), |m| m.call(&spec([16, 9]))).unwrap()
}

fn shared_table() -> Table {
    shared().tabulate(Key::new(0), |m| m.call(&spec([3, 5]), &spec([2, 5]))).unwrap()
}

/// The lines without the spaces that center the title and the caption.
fn lines(table: &str) -> Vec<&str> {
    table.lines().map(str::trim).collect()
}

#[test]
fn tables_are_those_of_flax() {
    let normalised = normalised().tabulate(Key::new(0), |m| m.call(&spec([16, 9]))).unwrap();
    let cases = [
        (nested_table().flops(true).vjp_flops(true), include_str!("summary/nested.txt")),
        (nested_table().flops(true).vjp_flops(true).depth(1), include_str!("summary/nested_depth_1.txt")),
        (shared_table().flops(true).vjp_flops(true), include_str!("summary/shared.txt")),
        (shared_table().show_repeated(true), include_str!("summary/shared_repeated.txt")),
        (normalised.clone().flops(true), include_str!("summary/normalised.txt")),
    ];
    for (table, flax) in cases {
        assert_eq!(lines(&table.to_string()), lines(flax), "\n{table}");
    }
    // Flax has 64 less: JAX has a rule for squares; here the shares of both factors are added.
    let rows = normalised.vjp_flops(true).rows();
    assert_eq!(
        rows.iter().map(|row| row.vjp_flops.unwrap()).collect::<Vec<_>>(),
        [5680, 3620, 1156 + 64, 840]
    );
}

#[test]
fn the_table_of_the_guide_is_the_real_one() {
    #[compact]
    fn classifier(x: &Tensor, #[field] hidden: usize) -> Tensor {
        let x = Dense::new(hidden).call(x);
        let x = BatchNorm::new().use_running_average(false).call(&x);
        Dense::new(10).call(&relu(&x))
    }
    let table = classifier(256).tabulate(Key::new(0), |m| m.call(&spec([32, 784]))).unwrap().to_string();
    let page = include_str!("../../../docs/guide/tables.md");
    let shown = page.split("```").find_map(|block| block.strip_prefix("text\n")).unwrap();
    assert_eq!(lines(&table), lines(shown), "\n{table}");
}

// The models of Flax's own tests, with a `Dense` in place of each `Conv`.

#[module]
struct DenseBlock {
    dense: Dense,
    norm: BatchNorm,
}

#[compact]
impl DenseBlock {
    fn call(&self, x: &Tensor) -> Tensor {
        self.block_method(x)
    }

    fn block_method(&self, x: &Tensor) -> Tensor {
        relu(&self.norm.call(&self.dense.call(x)))
    }
}

fn dense_block(features: usize) -> DenseBlock {
    DenseBlock::new(Dense::new(features), BatchNorm::new().use_running_average(false))
}

#[module]
struct Network {
    block1: DenseBlock,
    block2: DenseBlock,
    dense: Dense,
}

#[compact]
impl Network {
    fn call(&self, x: &Tensor) -> BTreeMap<&'static str, Tensor> {
        self.network_method(x)
    }

    fn network_method(&self, x: &Tensor) -> BTreeMap<&'static str, Tensor> {
        let x = self.block1.block_method(x);
        let x = self.block2.block_method(&x).mean([1, 2]);
        let x = self.dense.call(&x);
        BTreeMap::from([("b", &x + 1.0), ("a", x)])
    }
}

fn network() -> Network {
    Network::new(dense_block(32), dense_block(64), Dense::new(10))
}

const INPUT: [usize; 4] = [32, 28, 28, 1];

fn shape(entry: Option<&Entry>) -> Option<&[usize]> {
    Some(entry?.as_tensor()?.shape())
}

fn paths(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| &*row.path).collect()
}

#[test]
fn test_module_summary() {
    let table = network().tabulate(Key::new(0), |m| m.call(&spec(INPUT))).unwrap();
    let rows = table.rows();
    assert_eq!(table.class(), "Network");
    assert_eq!(table.collections().collect::<Vec<_>>(), ["params", "batch_stats"]);
    let expected =
        ["", "block1", "block1/dense", "block1/norm", "block2", "block2/dense", "block2/norm", "dense"];
    assert_eq!(paths(&rows), expected);
    assert_eq!(rows.iter().map(Row::depth).collect::<Vec<_>>(), [0, 1, 2, 2, 1, 2, 2, 1]);
    let classes = rows.iter().map(|row| (row.class, row.method)).collect::<Vec<_>>();
    let block = [("DenseBlock", "block_method"), ("Dense", "call"), ("BatchNorm", "call")];
    assert_eq!(classes, [&[("Network", "call")], &block[..], &block, &[("Dense", "call")]].concat());

    assert_eq!(shape(rows[0].inputs.tree("x")), Some(&INPUT[..]));
    let outputs = rows[0].output.as_ref().unwrap();
    assert_eq!(shape(outputs.get("a")), Some(&[32, 10][..]));
    assert_eq!(shape(outputs.get("b")), Some(&[32, 10][..]));
    assert_eq!(shape(rows[1].output.as_ref()), Some(&[32, 28, 28, 32][..]));
    assert_eq!(shape(rows[6].inputs.tree("x")), Some(&[32, 28, 28, 64][..]));

    // A submodule's variables are not the module's.
    assert!(rows[0].variables["params"].is_empty() && rows[1].variables["batch_stats"].is_empty());
    assert_eq!(rows[2].variables["params"].names().collect::<Vec<_>>(), ["kernel", "bias"]);
    assert_eq!(rows[3].variables["batch_stats"].names().collect::<Vec<_>>(), ["mean", "var"]);
    let sizes = |collection| rows.iter().map(|row| row.size(collection).count).collect::<Vec<_>>();
    assert_eq!(sizes("params"), [0, 0, 64, 64, 0, 2112, 128, 650]);
    assert_eq!(sizes("batch_stats"), [0, 0, 0, 64, 0, 0, 128, 0]);
    assert_eq!(table.total(), rows.iter().map(Row::total).sum());
}

#[test]
fn test_module_summary_with_depth() {
    let table = network().tabulate(Key::new(0), |m| m.call(&spec(INPUT))).unwrap().depth(1);
    let rows = table.rows();
    assert_eq!(paths(&rows), ["", "block1", "block2", "dense"]);
    let sizes = |collection| rows.iter().map(|row| row.size(collection).count).collect::<Vec<_>>();
    assert_eq!(sizes("params"), [0, 128, 2240, 650]);
    assert_eq!(sizes("batch_stats"), [0, 64, 128, 0]);
    assert_eq!(table.total(), rows.iter().map(Row::total).sum());
    let rows = table.depth(0).rows();
    assert_eq!((rows.len(), rows[0].size("params").count), (1, 3018));
}

#[test]
fn test_tabulate() {
    let table = network().tabulate(Key::new(0), |m| m.call(&spec(INPUT))).unwrap();
    let text = table.to_string();
    let lines = lines(&text);
    assert_eq!(lines[0], "Network Summary");
    for name in ["path", "module", "inputs", "outputs", "params", "batch_stats"] {
        assert!(lines[2].contains(name), "{name}");
    }
    assert!(lines[lines.len() - 4].contains("Total"));
    assert!(lines[lines.len() - 4].contains("3,018 (12.1 KB)"));
    assert!(lines[lines.len() - 4].contains("192 (768 B)"));
    assert_eq!(lines[lines.len() - 1], "Total Parameters: 3,210 (12.8 KB)");
    assert!(!text.contains("flops") && !text.contains("(call)"));
}

#[test]
fn test_tabulate_with_sow() {
    #[compact]
    fn sower(x: &Tensor) -> Tensor {
        metamlp::sow("intermediates", "seen", x);
        Dense::new(2).call(x)
    }
    let options = || Options::from(Key::new(0));
    let table = sower().tabulate(options(), |m| m.call(&spec([1, 2]))).unwrap();
    assert!(!table.to_string().contains("intermediates"));
    let table = sower().tabulate(options().mutable(true), |m| m.call(&spec([1, 2]))).unwrap();
    let text = table.to_string();
    assert!(text.contains("intermediates") && text.contains("seen:") && text.contains("- float32[1,2]"));
}

#[test]
fn test_tabulate_with_method() {
    let table = network().tabulate(Key::new(0), |m| m.network_method(&spec(INPUT))).unwrap();
    let text = table.to_string();
    assert!(text.contains("Network (network_method)") && text.contains("DenseBlock (block_method)"));
    assert_eq!(paths(&table.rows()).len(), 8);
    // A method called by another method of the same module is a repeated row.
    let table = network().tabulate(Key::new(0), |m| m.call(&spec(INPUT))).unwrap().show_repeated(true);
    assert_eq!(paths(&table.rows())[..2], ["", ""]);
    assert!(table.rows()[1].variables.is_empty());
}

#[test]
fn test_module_reuse() {
    #[module]
    struct Reuser {
        block: DenseBlock,
    }
    #[compact]
    impl Reuser {
        fn call(&self, x: &Tensor) -> Tensor {
            self.block.block_method(&self.block.block_method(x))
        }
    }
    let model = Reuser::new(dense_block(5));
    let table = model.tabulate(Key::new(0), |m| m.call(&spec([4, 5]))).unwrap().depth(1);
    assert_eq!(paths(&table.rows()), ["", "block"]);
    let rows = table.show_repeated(true).flops(true).rows();
    assert_eq!(paths(&rows), ["", "block", "block"]);
    assert_eq!(rows.iter().map(|row| row.total().count).collect::<Vec<_>>(), [0, 50, 0]);
    // The second call does not count the first call's update of the averages.
    assert_eq!(rows[1].flops, rows[2].flops);
}

#[test]
fn test_empty_input() {
    #[compact]
    fn empty() -> Tensor {
        metamlp::param("bias", initializers::zeros(), [3])
    }
    let table = empty().tabulate(Key::new(0), |m| m.call()).unwrap();
    assert!(table.to_string().contains("Empty"));
    assert_eq!(table.rows()[0].inputs.iter().len(), 0);
}

#[test]
fn test_tabulate_param_count_and_flops() {
    let table = nested_table().flops(true).vjp_flops(true);
    let head = table.rows().pop().unwrap();
    assert_eq!(head.total().count, 9 * 10 + 10);
    assert_eq!(head.flops, Some(2 * 16 * 9 * 10 + 16 * 10));
    let pulled_back = 2 * (2 * 16 * 9 * 10) + 15 * 10;
    let parameters = 9 * 10 + 10;
    assert_eq!(head.vjp_flops, Some(head.flops.unwrap() + pulled_back + parameters));
}

#[test]
fn nothing_is_initialised_or_computed() {
    #[compact]
    fn model(x: &Tensor) -> Tensor {
        let forbidden = |_: Key, _: &[usize], _| -> Tensor { panic!("an initializer ran") };
        Dense::new(1_000_000).kernel_init(Initializer::new(forbidden)).call(x).tanh()
    }
    let before = (executed_nodes(), compiled_plans());
    let table =
        model().tabulate(Key::new(0), |m| m.call(&Tensor::ones([1_000_000, 1_000_000], F32))).unwrap();
    let table = table.flops(true).vjp_flops(true);
    assert_eq!(table.rows()[0].flops, Some(2_000_001_000_000_000_000));
    let _written = (table.to_string(), table.to_markdown(), table.to_html());
    assert_eq!((executed_nodes(), compiled_plans()), before);
}

#[test]
fn static_arguments_print_as_they_are() {
    #[compact]
    fn model(x: &Tensor, train: bool, scales: &[f64], name: &str) -> Tensor {
        let _ = (train, name);
        x * scales[0]
    }
    let table = model().tabulate((), |m| m.call(&spec([2]), true, &[1.5], "left")).unwrap();
    let text = table.to_string();
    assert!(text.contains("- float32[2] ") && text.contains("- true") && text.contains("- left"), "{text}");
    assert!(text.contains("Total Parameters: 0\n"));
}

#[test]
fn an_apply_that_fails_has_no_cost() {
    #[compact]
    fn fickle(x: &Tensor) -> Tensor {
        let y = Dense::new(2).call(x);
        if metamlp::is_initializing() { y } else { y.matmul(&Tensor::spec([7], F32)) }
    }
    let table = fickle().tabulate(Key::new(0), |m| m.call(&spec([1, 2]))).unwrap().flops(true);
    assert_eq!(table.rows()[0].flops, None);
}

#[test]
fn an_error_of_the_model_is_returned() {
    let error = Dense::new(2).tabulate(Key::new(0), |m| m.call(&spec([]))).unwrap_err();
    assert!(error.to_string().contains("Dense"), "{error}");
    assert!(nested().module_paths((), |m| m.call(&spec([16, 9]))).is_err());
}

#[test]
fn markdown_has_a_line_for_each_row() {
    let markdown = shared_table().to_markdown();
    let lines: Vec<&str> = markdown.lines().collect();
    assert_eq!(lines[..2], ["### Shared Summary", ""]);
    assert_eq!(lines[2], "| path | module | inputs | outputs | params |");
    assert_eq!(
        lines[4],
        "|  | Shared | - float32[3,5]<br>- float32[2,5] | x: float32[3,6]<br>y:<br>- float32[2,6]<br>- float32[2,6] |  |"
    );
    assert_eq!(
        lines[5],
        "| Dense_0 | Dense | float32[3,5] | float32[3,6] | bias: float32[6]<br>kernel: float32[5,6]<br><br>36 (144 B) |"
    );
    assert_eq!(lines[9], "|  |  |  | **Total** | **146 (584 B)** |");
    assert_eq!(*lines.last().unwrap(), "**Total Parameters: 146 (584 B)**");

    let model = Dense::new(2).named("_a|b_<i>");
    #[module]
    struct Named {
        inner: Dense,
    }
    #[compact]
    impl Named {
        fn call(&self, x: &Tensor) -> Tensor {
            let named = self.inner.clone();
            named.call(x)
        }
    }
    let table = Named::new(model).tabulate(Key::new(0), |m| m.call(&spec([1, 2]))).unwrap();
    assert!(table.to_markdown().contains("| \\_a\\|b\\_&lt;i> | Dense |"), "{}", table.to_markdown());
    assert!(table.to_html().contains("<b>_a|b_&lt;i&gt;</b>"));
}

#[test]
fn the_page_is_a_tree_that_needs_nothing_from_elsewhere() {
    let html = nested_table().flops(true).to_html();
    assert!(html.starts_with("<!DOCTYPE html>"));
    for foreign in ["http", "src=", "href=", "@import", "url("] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    // The model, two blocks, and five layers with variables, each closed again.
    assert_eq!(html.matches("<details").count(), 8);
    assert_eq!(html.matches("</details>").count(), 8);
    assert_eq!(html.matches(" open>").count(), 1);
    // A folded block shows the totals of everything below it.
    assert!(html.contains("7,609 <small>30.4 KB</small>"));
    assert_eq!(shared_table().show_repeated(true).to_html().matches("row again").count(), 5);
}

/// Flax: `test_module_paths`.
#[test]
fn paths_are_in_the_order_of_calls() {
    let paths = nested().module_paths(Key::new(0), |m| m.call(&spec([16, 9]))).unwrap();
    let expected = [
        ("", "Nested"),
        ("Block_0", "Block"),
        ("Block_0/Dense_0", "Dense"),
        ("Block_0/Dense_1", "Dense"),
        ("Block_1", "Block"),
        ("Block_1/Dense_0", "Dense"),
        ("Block_1/Dense_1", "Dense"),
        ("head", "Dense"),
    ];
    assert!(paths.iter().map(|(path, class)| (&**path, *class)).eq(expected));
    let paths = shared().module_paths(Key::new(0), |m| m.call(&spec([3, 5]), &spec([2, 5]))).unwrap();
    assert_eq!(paths.len(), 5);
}
