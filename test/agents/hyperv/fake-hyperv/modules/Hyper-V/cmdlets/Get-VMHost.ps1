# Stands in for Get-VMHost of the Hyper-V module.
function Get-VMHost {
    [CmdletBinding(DefaultParameterSetName = 'ComputerName')]
    [OutputType([Microsoft.HyperV.PowerShell.VMHost])]
    param()
    process {
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            ConvertTo-FakeObject -Type 'VMHost' -Property @{
                ComputerName = $World.host.name; Name = $World.host.name; FullyQualifiedDomainName = 'fake.example'
                LogicalProcessorCount = $World.host.processors; MemoryCapacity = $World.host.memoryBytes
                VirtualMachinePath = $World.host.virtualMachinePath; VirtualHardDiskPath = $World.host.virtualHardDiskPath
                SupportedVmVersions = [string[]]@('8.0', '9.0', '10.0', '11.0'); NumaSpanningEnabled = $true; IovSupport = $false
                MacAddressMinimum = "$($World.host.macPrefix)0000"; MacAddressMaximum = "$($World.host.macPrefix)FFFF"
            }
        }
    }
}
