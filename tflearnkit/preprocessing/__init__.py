"""Words, bytes and categories -> numbers: what of TF.Learn's preprocessing scikit-learn lacks.

`VocabularyProcessor` and `ByteProcessor` turn texts into equally long rows of ids, for embeddings;
`CategoricalProcessor` turns columns of categories into ids, of which 0 is the unknown. Estimators
take words and categories as they are, and need none of these.
"""

from tflearnkit.preprocessing.byte_processor import ByteProcessor
from tflearnkit.preprocessing.categorical import CategoricalProcessor
from tflearnkit.preprocessing.text import VocabularyProcessor, tokenizer
from tflearnkit.preprocessing.vocabulary import CategoricalVocabulary

__all__ = [
    "ByteProcessor",
    "CategoricalProcessor",
    "CategoricalVocabulary",
    "VocabularyProcessor",
    "tokenizer",
]
