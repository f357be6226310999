//! F-strings.

use ruff_python_ast::{
    ConversionFlag, ExprFString, FStringPart, InterpolatedElement, InterpolatedStringElement,
};

use super::{Compiled, Compiler, ConstKey, Conversion, Instr, Operand};
use crate::object::Value;

impl<'a> Compiler<'a> {
    pub(super) fn f_string(&mut self, string: &'a ExprFString, to: Operand) -> Compiled {
        self.emit(Instr::FStringStart);
        for part in &string.value {
            match part {
                FStringPart::Literal(literal) => self.text(literal.as_str()),
                FStringPart::FString(string) => {
                    for element in &string.elements {
                        self.element(element)?;
                    }
                }
            }
        }
        self.emit(Instr::FStringEnd(to));
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            let at = self
                .unit
                .constant(ConstKey::Str(text.to_owned()), || Value::str(text));
            self.emit(Instr::FStringText(at));
        }
    }

    fn element(&mut self, element: &'a InterpolatedStringElement) -> Compiled {
        match element {
            InterpolatedStringElement::Literal(literal) => {
                self.text(&literal.value);
                Ok(())
            }
            InterpolatedStringElement::Interpolation(inner) => self.interpolation(inner),
        }
    }

    fn interpolation(&mut self, element: &'a InterpolatedElement) -> Compiled {
        if let Some(debug) = &element.debug_text {
            self.text(debug.as_str());
        }
        let spec = element.format_spec.as_deref();
        let conversion = match element.conversion {
            // `f"{x=}"` shows the repr unless told otherwise.
            ConversionFlag::None if element.debug_text.is_some() && spec.is_none() => {
                Conversion::Repr
            }
            ConversionFlag::None => Conversion::None,
            ConversionFlag::Str => Conversion::Str,
            ConversionFlag::Ascii => Conversion::Ascii,
            ConversionFlag::Repr => Conversion::Repr,
        };
        let Some(spec) = spec else {
            let a = self.operand(&element.expression)?;
            self.at(&*element.expression, |this| {
                this.emit(Instr::FStringValue {
                    a,
                    conversion,
                    spec: false,
                });
            });
            return Ok(());
        };
        self.push(&element.expression)?;
        self.emit(Instr::FStringStart);
        for element in &spec.elements {
            self.element(element)?;
        }
        self.emit(Instr::FStringEnd(Operand::STACK));
        self.at(&*element.expression, |this| {
            this.emit(Instr::FStringValue {
                a: Operand::STACK,
                conversion,
                spec: true,
            });
        });
        Ok(())
    }
}
