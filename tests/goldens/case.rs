//! A golden case: its description from `<kind>.json` and its arrays from
//! `<kind>.safetensors`. Knows the format that `generate.py` describes, not
//! the meaning of a case.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use libtest_mimic::Failed;
use metamlp_tensor::{DType, Error, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value};

type Arrays = BTreeMap<String, Array>;

/// One case, and which of its arrays have been read.
pub(crate) struct Case {
    description: Map<String, Value>,
    name: String,
    /// The arrays of the whole kind: cases may share inputs.
    arrays: Arc<Arrays>,
    asked: Mutex<BTreeSet<String>>,
}

/// An array as in the file. A scalar is written as `[1]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Values,
}

/// The values of an array in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
    Bool(Vec<bool>),
    I32(Vec<i32>),
    U32(Vec<u32>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// The kinds in a folder: the names of its `.json` files, sorted.
pub(crate) fn kinds(folder: &Path) -> Result<Vec<String>, Failed> {
    let unreadable = |error| format!("cannot list golden cases in {}: {error}", folder.display());
    let mut kinds = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            kinds.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    if kinds.is_empty() {
        return Err(format!("no <kind>.json in {}", folder.display()).into());
    }
    kinds.sort();
    Ok(kinds)
}

/// The cases of a kind.
pub(crate) fn read(folder: &Path, kind: &str) -> Result<Vec<Case>, Failed> {
    let json = folder.join(format!("{kind}.json"));
    let description: Value =
        serde_json::from_slice(&fs::read(&json).map_err(in_file(&json))?).map_err(in_file(&json))?;
    let tensors = folder.join(format!("{kind}.safetensors"));
    let bytes = fs::read(&tensors).map_err(in_file(&tensors))?;
    let mut arrays = Arrays::new();
    for (name, view) in SafeTensors::deserialize(&bytes).map_err(in_file(&tensors))?.tensors() {
        let array =
            Array::from_view(&view).map_err(|error| format!("{}: {name}: {error}", tensors.display()))?;
        arrays.insert(name, array);
    }
    let arrays = Arc::new(arrays);
    let cases = description["cases"].as_array().filter(|cases| !cases.is_empty());
    let cases = cases.ok_or_else(|| format!("{}: no cases", json.display()))?;
    cases
        .iter()
        .map(|case| {
            let description = case.as_object().cloned().unwrap_or_default();
            let name =
                case["name"].as_str().ok_or_else(|| format!("{}: a case without a name", json.display()))?;
            Ok(Case {
                description,
                name: name.to_owned(),
                arrays: Arc::clone(&arrays),
                asked: Mutex::default(),
            })
        })
        .collect()
}

fn in_file<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> Failed {
    let path = path.display().to_string();
    move |error| format!("{path}: {error}").into()
}

impl Case {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The value of `field` in the description; `Value::Null` if it is missing.
    pub(crate) fn field(&self, field: &str) -> &Value {
        self.description.get(field).unwrap_or(&Value::Null)
    }

    pub(crate) fn text(&self, field: &str) -> Result<&str, Failed> {
        self.field(field).as_str().ok_or_else(|| self.lacks(field, "text"))
    }

    pub(crate) fn number(&self, field: &str) -> Result<f64, Failed> {
        self.field(field).as_f64().ok_or_else(|| self.lacks(field, "number"))
    }

    pub(crate) fn integer(&self, field: &str) -> Result<i64, Failed> {
        self.field(field).as_i64().ok_or_else(|| self.lacks(field, "integer"))
    }

    pub(crate) fn count(&self, field: &str) -> Result<usize, Failed> {
        usize::try_from(self.integer(field)?).map_err(|_| self.lacks(field, "count"))
    }

    pub(crate) fn shape(&self, field: &str) -> Result<Vec<usize>, Failed> {
        let axes = self.field(field).as_array().ok_or_else(|| self.lacks(field, "shape"))?;
        axes.iter()
            .map(|axis| axis.as_u64().and_then(|axis| usize::try_from(axis).ok()))
            .collect::<Option<_>>()
            .ok_or_else(|| self.lacks(field, "shape"))
    }

    fn lacks(&self, field: &str, what: &str) -> Failed {
        format!("the description's `{field}` is {}, not a {what}", self.field(field)).into()
    }

    /// The array of this case with a role.
    pub(crate) fn array(&self, role: &str) -> Result<&Array, Failed> {
        self.asked.lock().map_err(|_| "poisoned")?.insert(role.to_owned());
        self.shared(&format!("{}/{role}", self.name))
    }

    /// An array by its full name, shared by the cases of a kind.
    pub(crate) fn shared(&self, name: &str) -> Result<&Array, Failed> {
        self.arrays.get(name).ok_or_else(|| format!("no array `{name}` in the file").into())
    }

    /// The paths of the arrays below a role, sorted.
    pub(crate) fn paths(&self, role: &str) -> Vec<String> {
        let prefix = format!("{}/{role}/", self.name);
        self.arrays.keys().filter_map(|name| name.strip_prefix(&prefix)).map(str::to_owned).collect()
    }

    /// Checks that every array of the case was read; an unread one would be a missing
    /// comparison.
    pub(crate) fn all_compared(&self) -> Result<(), Failed> {
        let asked = self.asked.lock().map_err(|_| "poisoned")?;
        let prefix = format!("{}/", self.name);
        let left: Vec<&str> = self
            .arrays
            .keys()
            .filter_map(|name| name.strip_prefix(&prefix))
            .filter(|role| !asked.contains(*role))
            .collect();
        if left.is_empty() { Ok(()) } else { Err(format!("nothing compared {}", left.join(", ")).into()) }
    }
}

impl Array {
    /// The values of a tensor, computed here.
    pub(crate) fn of(tensor: &Tensor) -> Result<Array, Error> {
        let values = match tensor.dtype() {
            DType::Bool => Values::Bool(tensor.to_vec()?),
            DType::I32 => Values::I32(tensor.to_vec()?),
            DType::U32 => Values::U32(tensor.to_vec()?),
            DType::F16 | DType::BF16 | DType::F32 => Values::F32(tensor.convert(DType::F32).to_vec()?),
            DType::F64 => Values::F64(tensor.to_vec()?),
        };
        Ok(Array { shape: tensor.shape().to_vec(), values })
    }

    pub(crate) fn as_tensor(&self) -> Tensor {
        match self.values.clone() {
            Values::Bool(values) => Tensor::from_vec(&self.shape, values),
            Values::I32(values) => Tensor::from_vec(&self.shape, values),
            Values::U32(values) => Tensor::from_vec(&self.shape, values),
            Values::F32(values) => Tensor::from_vec(&self.shape, values),
            Values::F64(values) => Tensor::from_vec(&self.shape, values),
        }
    }

    pub(crate) fn dtype(&self) -> DType {
        match self.values {
            Values::Bool(_) => DType::Bool,
            Values::I32(_) => DType::I32,
            Values::U32(_) => DType::U32,
            Values::F32(_) => DType::F32,
            Values::F64(_) => DType::F64,
        }
    }

    fn from_view(view: &TensorView) -> Result<Array, String> {
        let data = view.data();
        let values = match view.dtype() {
            Dtype::BOOL => Values::Bool(data.iter().map(|&byte| byte != 0).collect()),
            Dtype::I32 => Values::I32(words(data, i32::from_le_bytes)),
            Dtype::U32 => Values::U32(words(data, u32::from_le_bytes)),
            Dtype::F32 => Values::F32(words(data, f32::from_le_bytes)),
            Dtype::F64 => Values::F64(words(data, f64::from_le_bytes)),
            other => return Err(format!("dtype {other:?} is not one of ours")),
        };
        Ok(Array { shape: view.shape().to_vec(), values })
    }
}

fn words<const N: usize, T>(bytes: &[u8], word: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().copied().map(word).collect()
}
