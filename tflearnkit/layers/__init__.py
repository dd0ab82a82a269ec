"""Building blocks of model functions: layers that are functions of tensors.

They make their variables by name in the store of the running call (see `variables`), so they work
inside the ``model_fn`` of an `Estimator`. The names are those of ``tf.contrib.layers``.

======================  ==========================================================================
each sees all           `fully_connected`, `linear`, `relu`, `relu6`, `bias_add`
images                  `convolution2d` (`conv2d`), `convolution2d_transpose`,
                        `separable_convolution2d`, `max_pool2d`, `avg_pool2d`
sequences               `lstm`, `gru`, `simple_rnn`, `bidirectional`, `embed_sequence`
ids                     `embed_sequence`, `bow_encoder`, `safe_embedding_lookup_sparse`,
                        `one_hot_encoding`
losses of many classes  `unigram_candidates`
common scale, noise     `batch_norm`, `layer_norm`, `unit_norm`, `dropout`
raw features            `input_from_feature_columns`, `weighted_sum_from_feature_columns`
layers of layers        `stack`, `repeat`, `flatten`, `arg_scope`, `add_arg_scope`
how weights begin       `xavier_initializer`, `variance_scaling_initializer`
penalties               `l1_regularizer`, `l2_regularizer`, `l1_l2_regularizer`, `sum_regularizer`
the training step       `optimize_loss`, `adaptive_clipping_fn`, `get_global_step`
averages of weights     `moving_averages`
what a call collected   `get_variables` (`get_model_variables`), `get_variables_by_name`
TensorBoard             `summarize`
======================  ==========================================================================
"""

from tflearnkit.layers.averaging import moving_averages
from tflearnkit.layers.candidates import unigram_candidates
from tflearnkit.layers.collected import (
    get_model_variables,
    get_variables,
    get_variables_by_name,
    summarize,
)
from tflearnkit.layers.convolution import (
    conv2d,
    convolution2d,
    convolution2d_transpose,
    separable_convolution2d,
)
from tflearnkit.layers.dense import bias_add, fully_connected, linear, relu, relu6
from tflearnkit.layers.dropping import dropout
from tflearnkit.layers.embedding import bow_encoder, embed_sequence, safe_embedding_lookup_sparse
from tflearnkit.layers.feature_columns import (
    input_from_feature_columns,
    weighted_sum_from_feature_columns,
)
from tflearnkit.layers.initializers import variance_scaling_initializer, xavier_initializer
from tflearnkit.layers.normalization import batch_norm, layer_norm, unit_norm
from tflearnkit.layers.optimize import adaptive_clipping_fn, get_global_step, optimize_loss
from tflearnkit.layers.pooling import avg_pool2d, max_pool2d
from tflearnkit.layers.recurrent import bidirectional, gru, lstm, simple_rnn
from tflearnkit.layers.regularizers import (
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    sum_regularizer,
)
from tflearnkit.layers.scoping import add_arg_scope, arg_scope
from tflearnkit.layers.shaping import flatten, one_hot_encoding
from tflearnkit.layers.stacking import repeat, stack

__all__ = [
    "adaptive_clipping_fn",
    "add_arg_scope",
    "arg_scope",
    "avg_pool2d",
    "batch_norm",
    "bias_add",
    "bidirectional",
    "bow_encoder",
    "conv2d",
    "convolution2d",
    "convolution2d_transpose",
    "dropout",
    "embed_sequence",
    "flatten",
    "fully_connected",
    "get_global_step",
    "get_model_variables",
    "get_variables",
    "get_variables_by_name",
    "gru",
    "input_from_feature_columns",
    "l1_l2_regularizer",
    "l1_regularizer",
    "l2_regularizer",
    "layer_norm",
    "linear",
    "lstm",
    "max_pool2d",
    "moving_averages",
    "one_hot_encoding",
    "optimize_loss",
    "relu",
    "relu6",
    "repeat",
    "safe_embedding_lookup_sparse",
    "separable_convolution2d",
    "simple_rnn",
    "stack",
    "sum_regularizer",
    "summarize",
    "unigram_candidates",
    "unit_norm",
    "variance_scaling_initializer",
    "weighted_sum_from_feature_columns",
    "xavier_initializer",
]
