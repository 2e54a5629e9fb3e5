# For tests only: the other side of the fake.
@{
    RootModule = 'FakeHyperV.psm1'
    ModuleVersion = '1.0.0'
    GUID = '0b1d7f0e-5a0b-4a53-9a3f-fa6e00000003'
    Author = 'Farhand'
    Description = 'Makes and inspects the worlds of the fake Hyper-V module.'
    PowerShellVersion = '5.1'
    FunctionsToExport = @('Add-FakeHyperVFault', 'Edit-FakeHyperVWorld', 'Get-FakeHyperVWorld', 'New-FakeHyperVWorld', 'Read-FakeHyperVDisk', 'Write-FakeHyperVDisk')
    CmdletsToExport = @()
    VariablesToExport = @()
    AliasesToExport = @()
}
