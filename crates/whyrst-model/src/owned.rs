//! Records that outlive what they were made of.
//!
//! Whoever passes a record to another thread needs its texts to be its own. The derived conversions do that; here is
//! that of the types which borrow nothing.

/// For types that are copied as they are.
macro_rules! borrows_nothing {
    ($($Type:ty),+ $(,)?) => {
        $(impl bounded_static::ToBoundedStatic for $Type {
            type Static = Self;

            fn to_static(&self) -> Self {
                *self
            }
        }

        impl bounded_static::IntoBoundedStatic for $Type {
            type Static = Self;

            fn into_static(self) -> Self {
                self
            }
        })+
    };
}
