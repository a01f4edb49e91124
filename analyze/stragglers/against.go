package stragglers

func (f *finder) against(other Other) {}
